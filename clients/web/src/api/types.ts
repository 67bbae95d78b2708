/** What the client protocol (version 1) says, as far as this client reads it. */
export type Catalogue = "chat" | "business" | "task";
export type Role = "owner" | "coordinator" | "staff" | "guest";

export interface Person {
  id: string;
  username?: string;
  display_name: string;
  kind: "staff" | "customer";
  avatar_url?: string | null;
}
export interface Settings {
  message_alert: boolean;
  message_sound: boolean;
  new_user_alert: boolean;
  quiet_hours: { start: string; end: string } | null;
}
export interface User extends Person {
  settings?: Settings;
  permissions: string[];
  locale?: string | null;
  timezone?: string | null;
}
export interface Group {
  id: string;
  name: string;
  description?: string | null;
  catalogue: Catalogue;
  type?: string | null;
  visibility: "open" | "invite";
  target_end?: string | null;
  state?: TaskState | null;
  assignee_id?: string | null;
  overdue?: boolean;
  owner_id?: string;
  member_count?: number;
  ended_at?: string | null;
  created_at?: string;
  version: number;
  my_role?: Role | null;
  last_seq?: number;
  read_seq?: number;
  unread?: number;
  mentions_unread?: number;
}
export interface Member {
  user_id: string;
  role: Role;
  display_name: string;
  kind?: "staff" | "customer";
}
export interface Attachment {
  id: string;
  kind: "photo" | "file";
  content_type: string;
  name: string;
  size: number;
  width?: number;
  height?: number;
  url: string;
  thumbnail_url?: string;
}
/** GeoJSON: longitude first. */
export interface Feature {
  type: "Feature";
  id?: string;
  geometry: { type: "Point"; coordinates: number[] };
  properties: { accuracy_m?: number | null; recorded_at?: string } | null;
}
export type TaskState = "open" | "in_progress" | "blocked" | "done" | "cancelled";
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
  comparison?: { label: string; value: string | null; change_pct: string | number | null; change_unit?: "%" | "points" } | null;
  definition?: string | null;
}
export interface Chart {
  id: string;
  title: string;
  description?: string | null;
  figure: unknown;
  figure_dark?: unknown;
  table_id?: string | null;
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
  total_rows?: number;
}
export interface Report {
  id: string;
  type: string;
  title: string;
  as_of?: string | null;
  period?: { from?: string; to?: string; label?: string } | null;
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
  error?: string | null;
}
/** What a `report` frame may carry: a whole report, or only how far it is. */
export type ReportNews = Pick<Report, "id"> & Partial<Report>;

export interface CalendarItem {
  id: string;
  kind: "appointment" | "task" | "report";
  group_id: string | null;
  title: string;
  start: string;
  end: string | null;
  all_day: boolean;
  place?: string | null;
  state?: TaskState | null;
  overdue?: boolean | null;
}
export interface Article {
  id: string;
  title: string;
  summary: string;
  author_id: string;
  must_read: boolean;
  picture: { width: number; height: number; etag: string } | null;
  status: "draft" | "planned" | "released" | "expired" | "withdrawn";
  released_at: string | null;
  changed_at: string | null;
  version: number;
  read_at: string | null;
  may_change: boolean;
  publish_at?: string | null;
  html?: string;
}

export interface Page<T> {
  items: T[];
  next_cursor: string | null;
}
export interface Session {
  access_token: string;
  expires_in: number;
  user: User;
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
  | { type: "read"; group_id: string; user_id: string; seq: number }
  | { type: "typing"; group_id: string; user_id: string }
  | { type: "ack"; ref: number; entry?: Entry }
  | { type: "error"; ref?: number; code: string; detail?: string; retry_after_ms?: number }
  | { type: "pong"; ref?: number };

export type ClientFrame =
  | { type: "hello"; token: string; device_id: string; groups?: Record<string, number> }
  | { type: "send"; ref: number; group_id: string; client_id: string; text: string; reply_to?: number; attachment_ids?: string[] }
  | { type: "read"; group_id: string; seq: number }
  | { type: "typing"; group_id: string }
  | { type: "ping"; ref: number };
