/** The shapes of reports and of what is around them, where the OpenAPI document leaves them open. */
import type { Column, Report } from "./types";

export type Period = { name: string } | { from: string; to: string };
export type Filters = Record<string, string | string[] | number[]>;

/** What a report is asked for with. */
export interface Question {
  type: string;
  source?: string | null;
  period: Period;
  filters: Filters;
}
export interface Filter {
  id: string;
  kind: "choice" | "choices" | "codes" | "days" | "date";
  choices: { value: string; label: string }[] | null;
}
export interface ReportType {
  type: string;
  title: string;
  group: "trade" | "operations" | "finance" | "people";
  allowed: boolean;
  source: string;
  /** Whether the source has what it needs; null until it has been read for the first time. */
  offered: boolean | null;
  missing: string[];
  filters: Filter[];
  periods: string[];
}
/** A report in a list, without its content. */
export interface ReportLine extends Omit<Report, "kpis" | "charts" | "tables"> {
  filters: Filters;
  subscription_id?: string | null;
  finished_at?: string | null;
}
/** A page of the facts behind a point of a chart, as they are now. */
export interface Facts {
  chart: string;
  point: { key: string; label: string | null; series: string | null; value: string | null; unit: string | null };
  columns: Column[];
  items: { id: string; cells: (string | number | null)[] }[];
  next_cursor: string | null;
  count: number;
  total: string | null;
  adds_up: boolean | null;
  moved_on: boolean;
  as_of: string | null;
}
export interface Load {
  id: string;
  source: string;
  status: "queued" | "running" | "ready" | "failed";
  created_at: string;
  started_at: string | null;
  finished_at: string | null;
  seconds: number | null;
  as_of: string | null;
  whole: boolean | null;
  rows: Record<string, number> | null;
  changed: Record<string, number> | null;
  mismatches: number;
  /** Of who keeps the source only. */
  checks: { name: string; company_id: string; company: string; currency: string; found: string; expected: string; agrees: boolean }[] | null;
  error: string | null;
}
export interface Source {
  name: string;
  title: string;
  kind: string;
  owner: string | null;
  schedule: { cron: string; timezone: string } | null;
  next: string | null;
  as_of: string | null;
  rows: Record<string, number> | null;
  last_load: Load | null;
}
export type Target = "me" | { group_id: string };
export interface Subscription {
  id: string;
  type: string;
  source: string | null;
  period: Period;
  filters: Filters;
  locale: string;
  target: Target;
  schedule: { cron: string; timezone: string };
  active: boolean;
  next: string[];
  created_at: string;
}
