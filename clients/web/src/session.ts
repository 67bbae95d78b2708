/** Ties the connection, the state and the HTTP side together. Screens call what is exported here. */
import i18next from "i18next";
import { Access, Problem, type Underway } from "./api/http";
import { queries, renew } from "./api/queries";
import type { Attachment, Entry, Feature, Group, Page, Person, Report, ServerFrame, Session, Settings, TaskState, User } from "./api/types";
import { forgetDrafts } from "./screens/room/drafts";
import { alertOf } from "./alerts/alert";
import { tell, UNDO_MS } from "./alerts/tell";
import type { Question } from "./api/reports";
import { speak } from "./i18n";
import { clear, keepOn, silence } from "./push/device";
import { receipts } from "./push/received";
import { Socket } from "./socket/socket";
import type { Carried, Pending } from "./state/apply";
import { answers, carried, carriedOver, carry, ENTRIES, keep, keepAnswer, keepFile, keptFile, restore, wipe, write } from "./state/device";
import { forgetOutbox, keepOutbox, waiting } from "./state/outbox";
import { happen, store } from "./state/store";

const PAGE = 50;
/** Entries that the server answers with. */
const MOST_AT_ONCE = 200;
const PREVIEWS = 40;
const ANSWER_MS = 20_000;
const FAR_BEHIND = 600;
/** Entries: so many a window may have before it is cut, and so many stay on each side of what is seen. */
const LONGEST_WINDOW = 600;
const AROUND = 200;
const TYPING_EVERY_MS = 3_000;

export const access = new Access();
export const get = <T>(path: string) => access.request<T>("GET", path);
/** A POST that makes something: the same key, the same thing, however often the network makes us ask. */
export const make = <T>(path: string, body: unknown, key: string) => access.request<T>("POST", path, body, { "Idempotency-Key": key });

/** A picture or a file. An address stands for one content for ever, so what is kept on the device need not be asked for. */
export async function file(url: string): Promise<Blob> {
  const had = await keptFile(url);
  if (had) return had;
  const blob = await access.file(url);
  if (kept()) void keepFile(url, blob);
  return blob;
}

/** crypto.randomUUID is missing on plain http in a local network; getRandomValues is not. */
export function uuid(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

function device(): string {
  const known = localStorage.getItem("bchat.device") ?? uuid();
  localStorage.setItem("bchat.device", known);
  return known;
}

export const DEVICE = device();

/** Who is signed in here; `once` if only until the browser is closed: then nothing of theirs is kept on this device. */
const SIGNED_IN = "bchat.signed_in";
const ONCE = "once";
const mark = () => localStorage.getItem(SIGNED_IN);
const kept = () => mark() !== null && mark() === store.getState().me?.id;
const outbox = () => (mark() === ONCE ? sessionStorage : localStorage);

const socket = new Socket(
  {
    url: `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/api/v1/ws`,
    deviceId: DEVICE,
    token: (fresh) => access.bearer(fresh),
    have: () => {
      const { ready, rooms } = store.getState();
      return ready ? Object.fromEntries(Object.values(rooms).map((room) => [room.group.id, (room.live && room.entries.at(-1)?.seq) || room.last_seq])) : undefined;
    },
  },
  { frame: heard, link: (link) => happen({ type: "link", link }) },
);

const received = receipts((group_id, seq, shown) => socket.send({ type: "received", group_id, seq, shown }), () => document.visibilityState === "visible" && document.hasFocus());

// -- in and out ---------------------------------------------------------------------------------------------------------

export async function signIn(username: string, password: string, remember: boolean) {
  await begin(await access.login(username, password, remember), remember);
}

/** Automatic login. With what this device kept it is there at once; the cookie, if it is still good, has to prove itself meanwhile. */
export async function resume() {
  // Scripts cannot see the cookie: without this mark everybody's first visit would begin with a refusal.
  const who = mark();
  if (!who) return;
  const last = who === ONCE ? null : await restore(who);
  if (!last) return begin(await access.refresh(), who !== ONCE);
  for (const { key, data, at } of await answers()) queries.setQueryData(key, data, { updatedAt: at });
  happen({ type: "restored", ...last, outbox: waiting(outbox(), who) });
  void speak(last.me.locale);
  socket.start();
}

async function begin(session: Session, remember: boolean) {
  const { user } = session;
  if (mark() !== user.id) await wipe(true);
  localStorage.setItem(SIGNED_IN, remember ? user.id : ONCE);
  forgetOutbox(outbox(), user.id);
  happen({ type: "signed_in", user, outbox: waiting(outbox(), user.id) });
  void settleIn(user);
  socket.start();
}
access.onSession = (session) => {
  const { me } = store.getState();
  if (!me || me.id === session.user.id) return;
  socket.stop();
  queries.clear();
  void begin(session, mark() === session.user.id);
};

/** A new account speaks English in UTC, which nobody chose: it takes over from the first browser it is used in. */
async function settleIn(user: User) {
  const mark = `bchat.settled.${user.id}`;
  const fresh = user.locale === "en" && user.timezone === "UTC" && !localStorage.getItem(mark);
  if (!fresh) return speak(user.locale);
  await change({ locale: document.documentElement.lang, timezone: Intl.DateTimeFormat().resolvedOptions().timeZone }).then(
    () => localStorage.setItem(mark, "yes"),
    () => {}, // another time
  );
}

export async function signOut() {
  const { me } = store.getState();
  forgetOutbox(outbox());
  forget();
  void wipe(true);
  if (me) forgetDrafts(me.id);
  await access.logout().catch(() => {}); // the session also ends by itself; this screen must not wait for it
}

function forget() {
  localStorage.removeItem(SIGNED_IN);
  received.forget();
  void silence();
  socket.stop();
  queries.clear();
  happen({ type: "signed_out" });
  void wipe(false);
}
access.onEnd = forget;

// -- what the server says -----------------------------------------------------------------------------------------------

function heard(frame: ServerFrame) {
  const before = store.getState();
  happen(frame);
  const alert = alertOf(frame, before, lookedAt(), Date.now());
  if (alert) void import("./alerts/show").then(({ show }) => show(alert));
  switch (frame.type) {
    case "welcome": {
      // Marks moved while the connection was away were told to nobody.
      const { rooms } = store.getState();
      for (const group of frame.groups) if ((rooms[group.id]?.read_seq ?? 0) > (group.read_seq ?? 0)) socket.send({ type: "read", group_id: group.id, seq: rooms[group.id]!.read_seq });
      for (const group of frame.groups) if (!group.unread) void clear(`room:${group.id}`);
      if (before.me) void keepOn(access, before.me.id, DEVICE).catch(() => {}); // the next start tries again
      void queries.invalidateQueries({ predicate: (query) => query.queryKey[0] !== "report" && query.queryKey[0] !== "config" });
      setTimeout(flush); // after `entries`, which may already hold what seems unsent
      void preview();
      void get<User>("/me").then(
        (user) => happen({ type: "me", user }), // with the settings, which a welcome does not tell
        () => {}, // the next welcome asks again
      );
      break;
    }
    case "ack":
      break;
    case "entry":
      received.have(frame.group_id, frame.entry.seq);
      break;
    case "entries":
      if (frame.entries.length) received.have(frame.group_id, frame.entries.at(-1)!.seq);
      break;
    case "read":
      if (frame.user_id === before.me?.id) void clear(`room:${frame.group_id}`);
      break;
    case "error":
      setTimeout(flush, frame.retry_after_ms ?? 2_000);
      break;
    case "group":
    case "group_gone":
      void renew("groups");
      break;
    case "member":
      void renew("members", frame.group_id);
      if (frame.user_id === before.me?.id) {
        void renew("groups");
        if (frame.role && !before.rooms[frame.group_id]) void enter(frame.group_id);
      }
      break;
    case "calendar":
      void renew("calendar");
      break;
    case "news":
    case "news_gone":
      void renew("news");
      break;
    case "report":
      if (frame.report.status === "ready" || frame.report.status === "failed") {
        void renew("reports");
        // One that is looked at while it is made; what is whole already stays as it is.
        if (queries.getQueryData<Report>(["report", frame.report.id])?.status !== "ready") void renew("report", frame.report.id);
      }
      break;
    case "alert":
      void renew("alerts");
      void renew("subscriptions", "list");
      break;
    case "source":
      void renew("sources");
      break;
    case "user":
      if (frame.user.id === before.me?.id && frame.user.permissions && String(frame.user.permissions) !== String(before.me.permissions)) {
        // What is on the screen may no longer be ours to see: it is asked for anew, and not shown meanwhile.
        for (const queryKey of [["types"], ["report"], ["rows"], ["reports"], ["subscriptions"]]) void queries.resetQueries({ queryKey });
      }
      break;
  }
  mendSoon();
}

/** The room that somebody is looking at right now. */
function lookedAt(): string | null {
  const [, place, id] = location.pathname.split("/");
  return place === "g" && document.visibilityState === "visible" && document.hasFocus() ? (id ?? null) : null;
}

/** A group that became ours: its room, with marks and role as the server has them. */
async function enter(groupId: string) {
  happen({ type: "group", group: await get<Group>(`/groups/${groupId}`) });
  await load(groupId);
}

// -- pages of a room ----------------------------------------------------------------------------------------------------

const loading = new Map<string, Promise<void>>();

function page(groupId: string, query: string): Promise<void> {
  const key = `${groupId}?${query}`;
  const under = loading.get(key);
  if (under) return under;
  const work = get<Page<Entry>>(`/groups/${groupId}/timeline?${query}`)
    .then(({ items }) => happen({ type: "page", group_id: groupId, entries: items }))
    .finally(() => loading.delete(key));
  loading.set(key, work);
  return work;
}

export async function load(groupId: string) {
  const room = store.getState().rooms[groupId];
  if (room && room.entries.length === 0 && room.last_seq > 0) await page(groupId, `limit=${PAGE}`);
}

/** An entry that is in no window: what a message far below answers. */
export async function oneEntry(groupId: string, seq: number): Promise<Entry | null> {
  const { items } = await get<Page<Entry>>(`/groups/${groupId}/timeline?after_seq=${seq - 1}&limit=1`);
  return items[0]?.seq === seq ? items[0] : null;
}

export async function older(groupId: string) {
  const first = store.getState().rooms[groupId]?.entries[0];
  if (first && first.seq > 1) await page(groupId, `limit=${PAGE}&before_seq=${first.seq}`);
}

export async function newer(groupId: string) {
  const room = store.getState().rooms[groupId];
  const last = room?.entries.at(-1);
  if (last && !room!.live) await page(groupId, `limit=${PAGE}&after_seq=${last.seq}`);
}

/** Read on at an entry, wherever in the room's history it stands. */
export async function goTo(groupId: string, seq: number) {
  const entries = store.getState().rooms[groupId]?.entries;
  if (entries?.length && seq >= entries[0]!.seq && seq <= entries.at(-1)!.seq) return;
  const { items } = await get<Page<Entry>>(`/groups/${groupId}/timeline?limit=${PAGE}&after_seq=${Math.max(0, seq - PAGE / 2)}`);
  happen({ type: "moved", group_id: groupId, entries: items });
}

/** Back from far up to what is new. */
export async function goToEnd(groupId: string) {
  const { items } = await get<Page<Entry>>(`/groups/${groupId}/timeline?limit=${PAGE}`);
  happen({ type: "moved", group_id: groupId, entries: items });
}

/** The first entry at or after a time, or the last one: found by halving, as entries are in the order of their time. */
export async function seqAt(groupId: string, at: Date): Promise<number> {
  const from = async (seq: number, limit: number) => (await get<Page<Entry>>(`/groups/${groupId}/timeline?limit=${limit}&after_seq=${seq - 1}`)).items;
  const early = (entry: Entry | undefined) => entry && Date.parse(entry.at) < at.getTime();
  let [low, high] = [1, Math.max(1, store.getState().rooms[groupId]?.last_seq ?? 1)];
  while (high - low >= MOST_AT_ONCE) {
    const middle = (low + high) >> 1;
    if (early((await from(middle, 1))[0])) low = middle + 1;
    else high = middle;
  }
  return (await from(low, high - low + 1)).find((entry) => !early(entry))?.seq ?? high;
}

/** Of a long window only what is around the eye is needed. */
export function trim(groupId: string, from: number, to: number) {
  if ((store.getState().rooms[groupId]?.entries.length ?? 0) > LONGEST_WINDOW) happen({ type: "trimmed", group_id: groupId, from: from - AROUND, to: to + AROUND });
}

/** A room that is no longer looked at is again at its end, and small. */
export function leaveAlone(groupId: string) {
  const room = store.getState().rooms[groupId];
  if (!room) return;
  if (!room.live) happen({ type: "moved", group_id: groupId, entries: [] });
  else if (room.entries.length > 2 * ENTRIES) happen({ type: "trimmed", group_id: groupId, from: room.entries.at(-ENTRIES)!.seq, to: Infinity });
}

/** The last words of the rooms, for the list; opening one of them then needs no waiting. */
async function preview() {
  const bare = Object.values(store.getState().rooms).filter((room) => room.entries.length === 0 && room.last_seq > 0);
  const next = bare.sort((a, b) => b.last_seq - b.read_seq - (a.last_seq - a.read_seq)).slice(0, PREVIEWS).values();
  const worker = async () => {
    for (const room of next) await load(room.group.id).catch(() => {});
  };
  await Promise.all([worker(), worker(), worker()]);
}

let mending: ReturnType<typeof setTimeout> | undefined;

/** Frames come without holes, so this finds nothing to do unless something was lost: then it pages, or starts the room anew. */
function mendSoon() {
  mending ??= setTimeout(async () => {
    mending = undefined;
    for (const room of Object.values(store.getState().rooms)) {
      const last = room.entries.at(-1)?.seq;
      if (last === undefined || !room.live || last >= room.last_seq || !socket.online) continue;
      const id = room.group.id;
      if (room.last_seq - last > FAR_BEHIND) happen({ type: "entries", group_id: id, entries: [], complete: false });
      else await page(id, `limit=${MOST_AT_ONCE}&after_seq=${last}`).then(() => (store.getState().rooms[id]?.entries.at(-1)?.seq ?? last) > last && mendSoon(), () => {});
    }
  }, 1_500);
}

// -- what people do -----------------------------------------------------------------------------------------------------

/** Files that could not be brought to the server yet are taken along: they are brought before the message goes. */
export function say(groupId: string, text: string, replyTo?: number, attachments?: Attachment[], mentions?: string[], files: File[] = []) {
  const taken = files.map((file): Carried => {
    const key = uuid();
    carrying.set(key, file);
    if (kept()) void carry(key, file);
    return { key, name: file.name, type: file.type, size: file.size };
  });
  const message: Pending = { client_id: uuid(), group_id: groupId, text, reply_to: replyTo, attachments, mentions, at: new Date().toISOString(), status: "queued", tries: 0 };
  happen({ type: "queued", message: taken.length ? { ...message, files: taken } : message });
  typed = 0; // to the others this message ended the writing; what follows begins anew
  if (!store.getState().rooms[groupId]?.live) void goToEnd(groupId).catch(() => {}); // the list stays where it is, and says so
  flush();
}

/** Kept by the server until a message takes it along. */
export function upload(file: File, key = uuid(), underway?: Underway): Promise<Attachment> {
  const form = new FormData();
  form.append("file", file, file.name);
  return access.upload<Attachment>("/attachments", form, { "Idempotency-Key": key }, underway);
}

/** What waits to be brought, by key; also kept on the device, for the page may be closed before. */
const carrying = new Map<string, Blob>();
const bringing = new Set<string>();

export const takenAlong = async (key: string) => carrying.get(key) ?? carried(key);

async function bring({ client_id, files = [] }: Pending) {
  if (bringing.has(client_id)) return;
  bringing.add(client_id);
  happen({ type: "sending", client_id });
  try {
    for (const { key, name, type } of files) {
      const file = await takenAlong(key);
      if (!file) throw new Problem(0, "file_gone", "");
      happen({ type: "carried", client_id, key, attachment: await upload(new File([file], name, { type }), key) });
      drop(key);
    }
    happen({ type: "retried", client_id });
  } catch (problem) {
    const { code, offline, status } = problem instanceof Problem ? problem : new Problem(0, "other", String(problem));
    const passing = offline || status === 429 || status >= 500;
    happen({ type: "refused", client_id, code, passing });
    if (passing) await new Promise((again) => setTimeout(again, 2_000));
  } finally {
    bringing.delete(client_id);
  }
  flush();
}

function drop(key: string) {
  carrying.delete(key);
  void carriedOver(key);
}

export const detach = (attachment: Attachment) => access.request("DELETE", `/attachments/${attachment.id}`).catch(() => {}); // it goes by itself

export const edit = (groupId: string, seq: number, text: string) => access.request<Entry>("PATCH", `/groups/${groupId}/messages/${seq}`, { text });

export const remove = (groupId: string, seq: number) => access.request("DELETE", `/groups/${groupId}/messages/${seq}`);

/** A position, into the room once. */
export const sendPosition = (groupId: string, feature: Feature) => make(`/groups/${groupId}/positions`, feature, feature.id!);

/** The next point of one's live share in a room; the last one wins, so that none is kept for later. */
export function move(groupId: string, feature: Feature) {
  socket.send({ type: "position", ref: socket.nextRef(), group_id: groupId, feature, live: true });
}

export async function editGroup(groupId: string, changes: Record<string, unknown>) {
  happen({ type: "group", group: await access.request<Group>("PATCH", `/groups/${groupId}`, changes) });
}

export async function setTask(groupId: string, task: { state: TaskState; assignee_id?: string | null; target_end?: string }) {
  happen({ type: "group", group: await access.request<Group>("PUT", `/groups/${groupId}/task`, task) });
}

/** The texts a message had before, the oldest first; for who wrote it and for the owner. */
export const formerTexts = (groupId: string, seq: number) => get<Page<{ text: string; at: string }>>(`/groups/${groupId}/messages/${seq}/versions?limit=50`);

export function retry(clientId: string) {
  happen({ type: "retried", client_id: clientId });
  flush();
}

function flush() {
  for (const message of store.getState().outbox) {
    if (message.status !== "queued" || !socket.online) continue;
    if (message.files?.length) {
      void bring(message);
      continue;
    }
    const ref = socket.nextRef();
    happen({ type: "sending", client_id: message.client_id, ref });
    socket.send({ type: "send", ref, group_id: message.group_id, client_id: message.client_id, text: message.text, reply_to: message.reply_to, attachment_ids: message.attachments?.map((one) => one.id), mentions: message.mentions });
    setTimeout(() => {
      const silent = store.getState().outbox.some((m) => m.ref === ref && m.status === "sending");
      if (silent) heard({ type: "error", ref, code: "timeout" });
    }, ANSWER_MS);
  }
}

const reading = new Map<string, ReturnType<typeof setTimeout>>();

/** Read as far as `seq`. The screen says so at every entry seen; the server hears the last of them. */
export function read(groupId: string, seq: number) {
  const { me, rooms } = store.getState();
  if (!me || seq <= (rooms[groupId]?.read_seq ?? Infinity)) return;
  happen({ type: "read", group_id: groupId, user_id: me.id, seq });
  void clear(`room:${groupId}`);
  if (reading.has(groupId)) return;
  reading.set(
    groupId,
    setTimeout(() => {
      reading.delete(groupId);
      const now = store.getState().rooms[groupId];
      if (now) socket.send({ type: "read", group_id: groupId, seq: now.read_seq });
    }, 400),
  );
}

let typed = 0;

export function typing(groupId: string) {
  if (Date.now() - typed < TYPING_EVERY_MS) return;
  typed = Date.now();
  socket.send({ type: "typing", group_id: groupId });
}

export async function join(groupId: string): Promise<Group> {
  const group = await make<Group>(`/groups/${groupId}/join`, {}, uuid());
  await enter(group.id);
  return group;
}

export async function leave(groupId: string) {
  await make(`/groups/${groupId}/leave`, {}, uuid());
  happen({ type: "group_gone", group_id: groupId });
  void renew("groups");
}

/** @param until when it ends, RFC 3339; null: for good; undefined: have alerts again. */
export async function mute(groupId: string, until: string | null | undefined) {
  happen({ type: "group", group: await access.request<Group>(until === undefined ? "DELETE" : "PUT", `/groups/${groupId}/mute`, until === undefined ? undefined : { until }) });
}

export interface Receipt {
  user_id: string;
  state: "stored" | "pushed" | "received" | "read";
}
/** How far a message of one's own has come, with each member; what is known of one goes for all before it. */
export const receiptsOf = (groupId: string, seq: number, cursor: string) => get<Page<Receipt>>(`/groups/${groupId}/messages/${seq}/receipts?limit=200${cursor && `&cursor=${encodeURIComponent(cursor)}`}`);

/** Asks how far a message has come; of a large room, with its first members. */
export async function lookHowFar(groupId: string, seq: number): Promise<Receipt[]> {
  const { items } = await receiptsOf(groupId, seq, "");
  happen({ type: "reached", group_id: groupId, seq, items });
  return items;
}

export async function end(groupId: string) {
  happen({ type: "group", group: await make<Group>(`/groups/${groupId}/end`, {}, uuid()) });
}

export async function create(group: Record<string, unknown>, key: string): Promise<Group> {
  const made = await make<Group>("/groups", group, key);
  happen({ type: "group", group: { ...made, my_role: made.my_role ?? "owner" } });
  return made;
}

/** Asks for a report, for oneself or into a room. */
export async function ask(question: Question, groupId: string | null, key: string): Promise<string> {
  const locale = document.documentElement.lang; // the words of a report are written where it is made
  const { report_id } = await make<{ report_id: string }>("/reports", { ...question, ...(groupId ? { group_id: groupId } : {}), locale }, key);
  happen({ type: "asked", report: { id: report_id, type: question.type, group_id: groupId, status: "running", progress: 0 } });
  void renew("reports");
  return report_id;
}

export type Changes = Omit<Partial<User>, "settings"> & { settings?: Partial<Settings> };

export async function change(changes: Changes) {
  happen({ type: "me", user: await access.request<User>("PATCH", "/me", changes) });
}

// -- the page around it -------------------------------------------------------------------------------------------------

store.subscribe((state, before) => {
  if (!state.me) return;
  // Chosen here or on another device, or while what this one keeps was on its way to be kept.
  if (before.me && state.me.locale !== before.me.locale) void speak(state.me.locale);
  if (state.outbox !== before.outbox && state.me.id === before.me?.id) keepOutbox(outbox(), state.me.id, state.outbox, before.outbox);
  if (kept()) keep(state);
});
const KEPT = new Set(["news", "calendar", "members", "report", "config", "types"]);
queries.getQueryCache().subscribe((event) => {
  if (event.type !== "updated" || event.action.type !== "success" || !KEPT.has(String(event.query.queryKey[0])) || !kept()) return;
  if (event.action.dataUpdatedAt === undefined) void keepAnswer(event.query.queryKey, event.action.data); // else it comes from there
});
for (const sign of ["pointerdown", "keydown", "focus", "wheel"]) addEventListener(sign, () => received.use(), { passive: true });
addEventListener("pagehide", () => void write());
addEventListener("online", () => socket.wake());
addEventListener("offline", () => socket.lose());
document.addEventListener("visibilitychange", () => (document.visibilityState === "visible" ? socket.wake() : void write()));

const asked = new Set<string>();

/** Who is that? Asked once; the answer goes into the state for everybody who shows the name. */
export function learn(userId: string) {
  if (asked.has(userId)) return;
  asked.add(userId);
  get<Person>(`/users/${userId}`).then(
    (person) => happen({ type: "people", people: [person] }),
    () => {},
  );
}

/** Throws away what could not be sent; it can be had back for a while. */
export function discard(message: Pending) {
  happen({ type: "discarded", client_id: message.client_id });
  const forget = setTimeout(() => message.files?.forEach(({ key }) => drop(key)), UNDO_MS + 1_000);
  const undo = () => {
    clearTimeout(forget);
    happen({ type: "queued", message });
  };
  tell({ id: `discarded ${message.client_id}`, title: i18next.t("room.discarded"), message: message.text, undo });
}
