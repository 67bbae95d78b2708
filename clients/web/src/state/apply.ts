import type { Attachment, Entry, Feature, Group, Person, ReportNews, ServerFrame, User } from "../api/types";

export interface Room {
  group: Omit<Group, "last_seq" | "read_seq" | "unread">;
  /** The newest seq the server has told of; the window below may not reach it yet. */
  last_seq: number;
  read_seq: number;
  /** Of the entries after `read_seq`, those that are nothing new: edits and deletions. */
  quiet: number;
  /** Of the entries after `read_seq`, those that mention me or everyone. */
  mentions: number;
  /** A window of the timeline: in seq order, never with a hole. Empty until something of the room is loaded. */
  entries: Entry[];
  /** Counts the times the window was thrown away, so that a list on the screen knows to start anew. */
  window: number;
  /** Whether the window goes on with what is new. False while one reads far back: then it is only paged. */
  live: boolean;
  /** The newest entry that was seen, for the list of rooms. */
  latest?: Entry;
  reads: Record<string, number>;
  /** By person, as far as a device of theirs has been notified, and as far as one has what was sent; of what was asked about. */
  notified?: Record<string, number>;
  received?: Record<string, number>;
  typing: Record<string, number>;
  /** Who shares their position live, by person. */
  sharing: Record<string, Live>;
}

export interface Live {
  share_id: string;
  ends_at: string;
  /** Where they were last; not known between the start of a share and its first point. */
  feature?: Feature;
}

/** Everyone in the room is meant; only who leads it may say so. */
export const EVERYONE = "everyone";

/** A file that goes with a message and is still only on this device. `key` makes it the same one however often it is brought. */
export interface Carried {
  key: string;
  name: string;
  type: string;
  size: number;
}

/** A message on its way. `stored` = acknowledged, but entries before it are still to come. */
export interface Pending {
  client_id: string;
  group_id: string;
  text: string;
  reply_to?: number;
  attachments?: Attachment[];
  mentions?: string[];
  /** What the server does not have yet; each becomes one of `attachments`. */
  files?: Carried[];
  at: string;
  status: "queued" | "sending" | "stored" | "failed";
  ref?: number;
  tries: number;
  code?: string;
}

export type Link = "signed_out" | "connecting" | "online" | "waiting";

export interface State {
  me: User | null;
  link: Link;
  /** True once a list of rooms is there: the server's, or what was kept of it on this device. */
  ready: boolean;
  rooms: Record<string, Room>;
  people: Record<string, Person>;
  outbox: Pending[];
  /** Reports asked for from a room and not yet in it. */
  reports: Record<string, ReportNews>;
}

export type Happening =
  | ServerFrame
  | { type: "signed_in"; user: User; outbox: Pending[] }
  /** What this device kept of the last time, until the server says more. */
  | ({ type: "restored"; outbox: Pending[] } & Kept)
  | { type: "signed_out" }
  | { type: "me"; user: User }
  | { type: "link"; link: Link }
  | { type: "page"; group_id: string; entries: Entry[] }
  /** Another part of the timeline is to be read: the window starts anew there; without entries, at the end. */
  | { type: "moved"; group_id: string; entries: Entry[] }
  /** Of the window only what lies between these seqs is still needed. */
  | { type: "trimmed"; group_id: string; from: number; to: number }
  | { type: "reads"; group_id: string; items: { user_id: string; seq: number }[] }
  | { type: "reached"; group_id: string; seq: number; items: { user_id: string; state: string }[] }
  | { type: "pins"; group_id: string; features: Feature[] }
  | { type: "people"; people: Person[] }
  | { type: "queued"; message: Pending }
  | { type: "sending"; client_id: string; ref?: number }
  | { type: "carried"; client_id: string; key: string; attachment: Attachment }
  | { type: "refused"; client_id: string; code: string; passing: boolean }
  | { type: "retried"; client_id: string }
  | { type: "discarded"; client_id: string }
  | { type: "asked"; report: ReportNews }
  | { type: "dismissed"; report_id: string };

/** What of the state outlives a page. */
export type Kept = Pick<State, "rooms" | "people"> & { me: User };

export const nothing: State = {
  me: null,
  link: "signed_out",
  ready: false,
  rooms: {},
  people: {},
  outbox: [],
  reports: {},
};

export const TYPING_MS = 6_000;
const TRIES = 5;
const PASSING = new Set(["unavailable", "timeout", "too_many_requests", "rate_limited"]);

/** The one way the state changes. Everything may come twice, late or in another order; the result is the same. */
export function apply(state: State, event: Happening, now = Date.now()): State {
  switch (event.type) {
    case "signed_in":
      return { ...nothing, link: "connecting", me: event.user, people: { [event.user.id]: event.user }, outbox: event.outbox };
    case "restored":
      return { ...nothing, link: "connecting", ready: true, me: event.me, people: event.people, rooms: event.rooms, outbox: event.outbox };
    case "signed_out":
      return nothing;
    case "me":
      return { ...state, me: { ...state.me, ...event.user }, people: { ...state.people, [event.user.id]: event.user } };
    case "link":
      // What was under way when the connection broke may or may not be stored: it goes again under the same client_id.
      return {
        ...state,
        link: event.link,
        outbox: event.link === "online" ? state.outbox : state.outbox.map((m) => (m.status === "sending" ? { ...m, status: "queued" as const, ref: undefined } : m)),
      };
    case "welcome": {
      const rooms = Object.fromEntries(event.groups.map((group) => [group.id, { ...welcomed(state.rooms[group.id], group), last_seq: group.last_seq ?? 0 }]));
      return { ...state, ready: true, link: "online", me: { ...state.me, ...event.user }, rooms };
    }
    case "entry":
      return entered(state, event.group_id, [event.entry], now);
    case "entries":
      if (event.complete === false)
        return inRoom(state, event.group_id, (room) =>
          // Who reads far back has lost nothing by it.
          !room.live && room.last_seq >= (room.entries.at(-1)?.seq ?? Infinity) ? room : { ...room, entries: [], window: room.window + 1, live: true, typing: {} },
        );
      return entered(state, event.group_id, event.entries, now);
    case "page":
      return entered(state, event.group_id, event.entries, now);
    case "moved":
      return entered(
        inRoom(state, event.group_id, (room) => ({ ...room, entries: [], window: room.window + 1, live: event.entries.length === 0 || event.entries.some((e) => e.seq >= room.last_seq) })),
        event.group_id,
        event.entries,
        now,
      );
    case "trimmed":
      return inRoom(state, event.group_id, (room) => {
        const entries = room.entries.filter((e) => e.seq >= event.from && e.seq <= event.to);
        if (entries.length === room.entries.length || entries.length === 0) return room;
        return { ...room, entries, live: room.live && entries.at(-1) === room.entries.at(-1) };
      });
    case "group": {
      const old = state.rooms[event.group.id];
      if (!old && !event.group.my_role) return state; // an open group that is not ours
      if (old && event.group.version < old.group.version) return state;
      if (old && event.group.my_role === null && event.group.version > old.group.version) return without(state, event.group.id);
      return { ...state, rooms: { ...state.rooms, [event.group.id]: welcomed(old, event.group) } };
    }
    case "group_gone":
      return without(state, event.group_id);
    case "member":
      if (event.user_id !== state.me?.id) return state;
      if (!event.role) return without(state, event.group_id);
      return inRoom(state, event.group_id, (room) => ({ ...room, group: { ...room.group, my_role: event.role } }));
    case "user":
      return {
        ...state,
        // Of oneself it may be what another device has changed.
        me: state.me?.id === event.user.id ? { ...state.me, ...event.user } : state.me,
        people: { ...state.people, [event.user.id]: { ...state.people[event.user.id], ...event.user } },
      };
    case "people": {
      const people = { ...state.people };
      for (const person of event.people) people[person.id] = { ...people[person.id], ...person };
      return { ...state, people };
    }
    case "read":
      return inRoom(state, event.group_id, (room) => marked(room, event.user_id, event.seq, state.me?.id));
    case "muted":
      return inRoom(state, event.group_id, (room) => ({ ...room, group: { ...room.group, muted: event.muted, muted_until: event.muted_until } }));
    case "reads":
      return inRoom(state, event.group_id, (room) => event.items.reduce((r, mark) => marked(r, mark.user_id, mark.seq, state.me?.id), room));
    case "reached":
      return inRoom(state, event.group_id, (room) => {
        const upTo = (marks: Room["received"], ...states: string[]) => ({
          ...marks,
          ...Object.fromEntries(event.items.filter((one) => states.includes(one.state) && event.seq > (marks?.[one.user_id] ?? 0)).map((one) => [one.user_id, event.seq])),
        });
        return { ...room, notified: upTo(room.notified, "pushed", "received", "read"), received: upTo(room.received, "received", "read") };
      });
    case "typing":
      if (event.user_id === state.me?.id) return state;
      return inRoom(state, event.group_id, (room) => ({ ...room, typing: { ...room.typing, [event.user_id]: now + TYPING_MS } }));
    case "pins":
      return inRoom(state, event.group_id, (room) => ({ ...room, sharing: event.features.reduce(moved, {}) }));
    case "position":
      return inRoom(state, event.group_id, (room) => ({ ...room, sharing: moved(room.sharing, event.feature) }));
    case "share": {
      const { id, group_id, user_id, ends_at, ended_at } = event.share;
      return inRoom(state, group_id, (room) => {
        const old = room.sharing[user_id];
        if (!ended_at) return { ...room, sharing: { ...room.sharing, [user_id]: { ...(old?.share_id === id ? old : {}), share_id: id, ends_at } } };
        return old?.share_id === id ? { ...room, sharing: drop(room.sharing, user_id) } : room;
      });
    }
    case "queued":
      return state.outbox.some((m) => m.client_id === event.message.client_id) ? state : { ...state, outbox: [...state.outbox, event.message] };
    case "sending":
      return inOutbox(state, (m) => m.client_id === event.client_id, (m) => ({ ...m, status: "sending", ref: event.ref }));
    case "carried":
      return inOutbox(
        state,
        (m) => m.client_id === event.client_id && (m.files ?? []).some((file) => file.key === event.key),
        (m) => ({ ...m, attachments: [...(m.attachments ?? []), event.attachment], files: m.files?.filter((file) => file.key !== event.key) }),
      );
    case "refused":
      return inOutbox(state, (m) => m.client_id === event.client_id, (m) => unsent(m, event.code, event.passing));
    case "retried":
      return inOutbox(state, (m) => m.client_id === event.client_id, (m) => ({ ...m, status: "queued", tries: 0, code: undefined, ref: undefined }));
    case "discarded":
      return { ...state, outbox: state.outbox.filter((m) => m.client_id !== event.client_id) };
    case "ack": {
      const message = state.outbox.find((m) => m.ref === event.ref);
      if (!message || !event.entry) return state;
      const room = state.rooms[message.group_id];
      const last = room?.entries.at(-1)?.seq;
      // Adding it now would leave a hole before it; its own `entry` frame is on the way, in order.
      if (last === undefined || event.entry.seq > last + 1) return inOutbox(state, (m) => m === message, (m) => ({ ...m, status: "stored" }));
      return entered(state, message.group_id, [event.entry], now);
    }
    case "error":
      return inOutbox(
        state,
        (m) => event.ref !== undefined && m.ref === event.ref,
        (m) => unsent(m, event.code, event.retry_after_ms !== undefined || PASSING.has(event.code)),
      );
    case "asked": {
      const there = event.report.group_id && state.rooms[event.report.group_id]?.entries.some((e) => e.report_id === event.report.id);
      return there ? state : { ...state, reports: { ...state.reports, [event.report.id]: { ...event.report, ...state.reports[event.report.id] } } };
    }
    case "report":
      // Ready without having been asked for here: it comes as an entry, or only to those who look for it.
      if (event.report.status === "ready" && !state.reports[event.report.id]) return state;
      return { ...state, reports: { ...state.reports, [event.report.id]: { ...state.reports[event.report.id], ...lean(event.report) } } };
    case "dismissed":
      return { ...state, reports: drop(state.reports, event.report_id) };
    case "pong":
      return state;
    default:
      return state; // a newer server may say more than this client knows
  }
}

export function unread(room: Room): number {
  return Math.max(0, room.last_seq - room.read_seq - room.quiet);
}

function welcomed(old: Room | undefined, { last_seq = 0, read_seq = 0, unread, mentions_unread, ...group }: Group): Room {
  return {
    // A frame to all members does not say who of them has muted it.
    group: { ...(group.muted === undefined ? { muted: old?.group.muted, muted_until: old?.group.muted_until } : {}), ...group, my_role: group.my_role ?? old?.group.my_role },
    last_seq: Math.max(last_seq, old?.last_seq ?? 0),
    read_seq: Math.max(read_seq, old?.read_seq ?? 0),
    quiet: unread === undefined ? (old?.quiet ?? 0) : Math.max(0, last_seq - read_seq - unread),
    mentions: mentions_unread ?? old?.mentions ?? 0,
    entries: old?.entries ?? [],
    window: old?.window ?? 0,
    live: old?.live ?? true,
    latest: old?.latest,
    reads: old?.reads ?? {},
    notified: old?.notified,
    received: old?.received,
    typing: {},
    sharing: old?.sharing ?? {},
  };
}

function entered(state: State, groupId: string, entries: Entry[], now: number): State {
  const room = state.rooms[groupId];
  if (!room || entries.length === 0) return state;
  const mine = entries.filter((e) => (e.sender_id === state.me?.id && reads(e)) || (e.kind === "member" && e.user_id === state.me?.id));
  const typing = { ...room.typing };
  for (const entry of entries) if (entry.sender_id) delete typing[entry.sender_id];
  for (const user of Object.keys(typing)) if (typing[user]! < now) delete typing[user];
  const window = changed(joined(room.entries, entries));
  const end = window.at(-1)?.seq ?? 0;
  const last = entries.reduce((seq, e) => Math.max(seq, e.seq), room.last_seq);
  // Whoever writes has read what was there; the server counts the same way.
  const read = mine.reduce((seq, e) => Math.max(seq, e.seq), room.read_seq);
  const quiet = read > room.read_seq ? quietAfter(window, read) : room.quiet + entries.filter((e) => e.seq > room.last_seq && isChange(e)).length;
  const called = entries.filter((e) => e.seq > room.last_seq && means(e, state.me?.id)).length;
  const mentions = read > room.read_seq ? mentionsAfter(window, read, state.me?.id) : room.mentions + called;
  const sent = new Set(entries.filter((e) => e.sender_id === state.me?.id && (e.seq <= end || !room.live)).map((e) => e.client_id));
  const arrived = entries.flatMap((e) => (e.report_id && state.reports[e.report_id] ? [e.report_id] : []));
  return {
    ...state,
    rooms: {
      ...state.rooms,
      [groupId]: { ...room, entries: window, live: room.live || end >= last, latest: newest(room.latest, window, entries), last_seq: last, read_seq: read, quiet, mentions, typing },
    },
    outbox: sent.size ? state.outbox.filter((m) => m.group_id !== groupId || !sent.has(m.client_id)) : state.outbox,
    reports: arrived.reduce(drop, state.reports),
  };
}

/** In the window it stands as later changes left it. */
function newest(known: Entry | undefined, window: Entry[], entries: Entry[]): Entry | undefined {
  const seen = entries.reduce((last, e) => (last && last.seq >= e.seq ? last : e), known);
  return seen && (window[seen.seq - (window[0]?.seq ?? 0)] ?? seen);
}

/** The window with `more` added where it touches; what would leave a hole is left out, to be paged for. */
function joined(window: Entry[], more: Entry[]): Entry[] {
  const sorted = more.toSorted((a, b) => a.seq - b.seq);
  if (window.length === 0) {
    const hole = sorted.findLastIndex((e, i) => i > 0 && e.seq > sorted[i - 1]!.seq + 1);
    return hole < 0 ? sorted : sorted.slice(hole);
  }
  const result = [...window];
  for (const entry of sorted) if (entry.seq === result.at(-1)!.seq + 1) result.push(entry);
  const older: Entry[] = [];
  for (const entry of sorted.toReversed()) if (entry.seq === (older.at(-1) ?? window[0]!).seq - 1) older.push(entry);
  return [...older.toReversed(), ...result];
}

/** The entries as edits and deletions among them left them. A page may be older than a change that came before it. */
function changed(entries: Entry[]): Entry[] {
  const changes = entries.filter(isChange);
  if (changes.length === 0) return entries;
  const result = [...entries];
  for (const change of changes) {
    const at = change.target_seq! - result[0]!.seq; // there is no hole
    const entry = result[at];
    if (!entry || entry.deleted) continue;
    if (change.kind === "delete") result[at] = { ...entry, text: "", attachments: [], mentions: [], deleted: true };
    // One without a text has been overtaken by a later one.
    else if (change.text !== undefined && change.text !== entry.text) result[at] = { ...entry, text: change.text, edited_at: change.at };
  }
  return result;
}

function isChange(entry: Entry): boolean {
  return entry.kind === "edit" || entry.kind === "delete";
}

/** Whether its sender has thereby read what was there: not by changing an old message, nor by news that were to come at a time. */
function reads(entry: Entry): boolean {
  return !isChange(entry) && entry.kind !== "news";
}

function quietAfter(entries: Entry[], seq: number): number {
  return entries.filter((e) => e.seq > seq && isChange(e)).length;
}

/** Whether it calls this person: by name, or among everyone. */
export function means(entry: Entry, me: string | undefined): boolean {
  return entry.sender_id !== me && (entry.mentions ?? []).some((id) => id === me || id === EVERYONE);
}

function mentionsAfter(entries: Entry[], seq: number, me: string | undefined): number {
  return entries.filter((e) => e.seq > seq && means(e, me)).length;
}

/** Somebody's newest point; one that comes late is no news. */
function moved(live: Room["sharing"], feature: Feature): Room["sharing"] {
  const { user_id, ends_at, recorded_at } = feature.properties ?? {};
  if (!user_id || !ends_at || !feature.id) return live;
  const before = live[user_id]?.feature?.properties?.recorded_at;
  return before && recorded_at && recorded_at < before ? live : { ...live, [user_id]: { share_id: feature.id, ends_at, feature } };
}

function marked(room: Room, userId: string, seq: number, me: string | undefined): Room {
  if (userId === me) return seq > room.read_seq ? { ...room, read_seq: seq, quiet: quietAfter(room.entries, seq), mentions: mentionsAfter(room.entries, seq, me) } : room;
  return seq > (room.reads[userId] ?? 0) ? { ...room, reads: { ...room.reads, [userId]: seq } } : room;
}

function inRoom(state: State, groupId: string, change: (room: Room) => Room): State {
  const room = state.rooms[groupId];
  return room ? { ...state, rooms: { ...state.rooms, [groupId]: change(room) } } : state;
}

function inOutbox(state: State, which: (m: Pending) => boolean, change: (m: Pending) => Pending): State {
  return { ...state, outbox: state.outbox.map((m) => (which(m) ? change(m) : m)) };
}

function unsent(message: Pending, code: string, passing: boolean): Pending {
  return { ...message, status: passing && message.tries < TRIES ? "queued" : "failed", ref: undefined, tries: message.tries + 1, code };
}

function without(state: State, groupId: string): State {
  return { ...state, rooms: drop(state.rooms, groupId), outbox: state.outbox.filter((m) => m.group_id !== groupId) };
}

function drop<T>(record: Record<string, T>, key: string): Record<string, T> {
  const { [key]: _, ...rest } = record;
  return rest;
}

/** The figures and rows belong to the query cache; here only how far a report is. */
function lean({ id, type, title, status, progress, error }: ReportNews): ReportNews {
  const news: ReportNews = { id };
  if (type) news.type = type;
  if (title) news.title = title;
  if (status) news.status = status;
  if (progress !== undefined) news.progress = progress;
  if (error) news.error = error;
  return news;
}
