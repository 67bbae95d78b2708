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
export interface Choice {
  value: string;
  label: string;
}
export interface Filter {
  id: string;
  kind: "choice" | "choices" | "codes" | "days" | "date";
  choices: Choice[] | null;
  /** There are others: the server finds them. */
  more?: boolean;
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
  /** What a trigger can watch. */
  kpis: { id: string; label: string }[];
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
export interface WorkingDays {
  rule: "next" | "previous" | "only" | "nth";
  nth?: number;
  country?: string;
  subdivision?: string;
}
export interface Schedule {
  cron: string;
  timezone: string;
  working_days?: WorkingDays | null;
  /** The times are the latest: it comes as soon as the source was read that day. */
  await_load?: boolean;
}
export type Trigger =
  | { kind: "kpi"; kpi: string; direction: "above" | "below"; threshold: string; of?: "value" | "change" | "change_pct"; comparison?: string; hysteresis?: string; rearm_minutes?: number }
  | { kind: "order_over"; amount: string }
  | { kind: "invoice_overdue"; days?: number; amount?: string }
  | { kind: "stock_below"; qty: string; product_id?: string }
  | { kind: "load_failed" }
  | { kind: "group_ended" | "task_overdue"; group_id?: string };
export type TriggerKind = Trigger["kind"];
export interface Step {
  after_minutes: number;
  to: "staff" | "coordinator" | "owner" | { user_id: string } | { group_id: string };
}
export interface Subscription {
  id: string;
  type: string;
  source: string | null;
  period: Period;
  filters: Filters;
  locale: string;
  target: Target;
  schedule: Schedule | null;
  trigger: Trigger | null;
  escalation: Step[];
  /** What a trigger knows. */
  state: { state: "waiting" | "ok" | "firing" | "no_data" | "error"; value?: string | null; since?: string | null; error?: string | null } | null;
  active: boolean;
  next: string[];
  created_at: string;
}
export interface Preview {
  next: string[];
  notes: string[];
  state: { state: string; value: string | null; kpi?: { label: string; text: string } } | null;
}
export interface Run {
  report_id: string;
  reason: "schedule" | "made_up" | "trigger" | "by_hand";
  scheduled_at: string | null;
  missed: number;
  as_is: boolean;
  alert_id: string | null;
  created_at: string;
  started_at: string | null;
  finished_at: string | null;
  result: "queued" | "running" | "sent" | "failed";
  sent: number | null;
  withheld: { reason: string; count: number }[];
  error: string | null;
}
/** Something that a subscription waited for has come about. */
export interface Alert {
  id: string;
  subscription_id: string;
  group_id: string | null;
  type: string;
  kind: TriggerKind | "no_data";
  state: "firing" | "acknowledged" | "recovered";
  title: string;
  text: string;
  items: { key: string; label: string; party?: string | null; amount?: string | null; currency?: string | null; qty?: string | null; due?: string | null; days?: number | null }[];
  more: number;
  as_of: string | null;
  report_id: string | null;
  raised_at: string;
  acknowledged_at?: string | null;
  acknowledged_by?: string | null;
  recovered_at?: string | null;
}
/** Somebody to whom a report was sent, or who has opened it. */
export interface Reader {
  user_id: string;
  sent_at: string | null;
  last_opened_at: string | null;
  opened: number;
}
