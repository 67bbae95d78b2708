/** What the client reads and says: over HTTP as the OpenAPI document has it, over the socket as the AsyncAPI document has it. */
import type { components } from "./openapi";
import type { Alert, Filters } from "./reports";

type Schemas = components["schemas"];
/** The document lets answers grow; what is read here is what is in it now. */
type Plain<T> = T extends (infer One)[] ? Plain<One>[] : T extends object ? { [K in keyof T as string extends K ? never : K]: Plain<T[K]> } : T;
type Shown<Name extends keyof Schemas> = Plain<Schemas[Name]>;
/** Frames carry less than answers do. */
type AtLeast<T, Always extends keyof T> = Pick<T, Always> & Partial<T>;

export type Catalogue = Group["catalogue"];
export type Role = Member["role"];
export type TaskState = NonNullable<Group["state"]>;
export type Settings = Shown<"Me.Settings">;
export type Person = AtLeast<Shown<"UserPage.PublicUser">, "id" | "display_name" | "kind">;
export type User = AtLeast<Required<Shown<"Me">>, "id" | "display_name" | "kind" | "permissions">;
export type Group = AtLeast<Shown<"Group">, "id" | "name" | "catalogue" | "visibility" | "version">;
export type Member = Shown<"Member">;
export type Attachment = Shown<"Attachment">;
export type CalendarItem = Shown<"CalendarPage.CalendarItem">;
export type Appointment = Shown<"Appointment">;
export type Article = Shown<"NewsPage.ArticleItem"> & Partial<Shown<"Article">>;
export type Share = Shown<"SharePage.Share">;
export type Session = Shown<"Session"> & { user: User };
/** GeoJSON: longitude first. */
export interface Feature {
  type: "Feature";
  id?: string;
  geometry: { type: "Point"; coordinates: number[] };
  properties: { accuracy_m?: number | null; recorded_at?: string; user_id?: string; ends_at?: string } | null;
}
export interface Entry {
  seq: number;
  id: string;
  kind: "text" | "photo" | "file" | "edit" | "delete" | "position" | "report" | "task" | "news" | "member" | "group";
  sender_id?: string | null;
  client_id?: string | null;
  at: string;
  text?: string;
  reply_to?: number | null;
  reply_part?: string;
  mentions?: string[];
  attachments?: Attachment[];
  edited_at?: string;
  deleted?: boolean;
  target_seq?: number;
  feature?: Feature;
  news_id?: string;
  old?: string | null;
  new?: string | null;
  minutes?: number;
  target_end?: string;
  report_id?: string;
  report_type?: string;
  title?: string;
  user_id?: string;
  role?: Role | null;
  change?: string;
  by?: string | null;
  changed?: string[];
}
export interface Kpi {
  id: string;
  label: string;
  value: string | null;
  unit?: string | null;
  /** What is counted, in words; money and percentages go without. */
  unit_label?: string | null;
  comparison?: Comparison | null;
  comparisons?: Comparison[];
  better?: "higher" | "lower" | null;
  definition?: string | null;
}
export interface Comparison {
  id?: string;
  label: string;
  value: string | null;
  change_pct: string | number | null;
  change_unit?: "%" | "points";
}
export interface Chart {
  id: string;
  title: string;
  description?: string | null;
  figure: unknown;
  figure_dark?: unknown;
  table_id?: string | null;
  unit?: string | null;
}
export interface Column {
  id: string;
  label: string;
  kind: "text" | "money" | "number" | "date" | "percent";
  currency?: string | null;
}
export interface Table {
  id: string;
  title: string;
  columns: Column[];
  rows: (string | number | null)[][];
  /** For each row the key of what it tells of: the facts behind it can be asked for. */
  keys?: (string | null)[];
  foot?: (string | number | null)[] | null;
  /** The rows that are sums of rows before them. */
  sums?: number[];
  total_rows?: number;
}
export interface Report {
  id: string;
  type: string;
  title: string;
  as_of?: string | null;
  period?: { name?: string; from?: string; to?: string; label?: string } | null;
  filters?: Filters;
  notes?: string[];
  kpis: Kpi[];
  charts: Chart[];
  tables: Table[];
  status: "ready" | "failed" | "running" | "queued";
  progress?: number;
  group_id?: string | null;
  requested_by?: string | null;
  created_at?: string;
  source?: string | null;
  /** The source could not be read when this was made: its numbers are those of the load before. */
  stale?: { reason?: string | null; failed_at?: string } | null;
  error?: string | null;
}
/** What a `report` frame may carry: a whole report, or only how far it is. */
export type ReportNews = Pick<Report, "id"> & Partial<Report>;

/** How a source is that I look after. */
export interface SourceState {
  name: string;
  title: string;
  load_id: string;
  state: "good" | "mismatched" | "failed";
  as_of: string | null;
  reason: string | null;
  mismatches: string[];
  at: string;
}

export interface Page<T> {
  items: T[];
  next_cursor: string | null;
}
export type ServerFrame =
  | { type: "welcome"; session_id: string; user: User; groups: Group[]; heartbeat_s: number }
  | { type: "entry"; group_id: string; entry: Entry }
  | { type: "entries"; group_id: string; entries: Entry[]; complete?: boolean }
  | { type: "group"; group: Group }
  | { type: "group_gone"; group_id: string }
  | { type: "member"; group_id: string; user_id: string; role: Role | null }
  | { type: "user"; user: Person & Partial<User>; new?: true }
  | { type: "calendar"; item: Pick<CalendarItem, "id" | "kind" | "group_id" | "title" | "start"> & { change: string } }
  | { type: "news"; item: Article }
  | { type: "news_gone"; id: string }
  | { type: "report"; report: ReportNews }
  | { type: "alert"; alert: Alert }
  | { type: "source"; source: SourceState }
  | { type: "read"; group_id: string; user_id: string; seq: number }
  | { type: "muted"; group_id: string; muted: boolean; muted_until: string | null }
  | { type: "typing"; group_id: string; user_id: string }
  | { type: "position"; group_id: string; user_id: string; feature: Feature }
  | { type: "share"; share: Share }
  | { type: "ack"; ref: number; entry?: Entry }
  | { type: "error"; ref?: number; code: string; detail?: string; retry_after_ms?: number }
  | { type: "pong"; ref?: number };

export type ClientFrame =
  | { type: "hello"; token: string; device_id: string; groups?: Record<string, number> }
  | { type: "send"; ref: number; group_id: string; client_id: string; text: string; reply_to?: number; attachment_ids?: string[]; mentions?: string[] }
  | { type: "read"; group_id: string; seq: number }
  | { type: "received"; group_id: string; seq: number; shown: boolean }
  | { type: "typing"; group_id: string }
  | { type: "position"; ref: number; group_id: string; feature: Feature; live: true }
  | { type: "ping"; ref: number };
