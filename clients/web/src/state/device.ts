/**
 * What this device keeps of a signed-in person, in IndexedDB, so that the application opens with what it had, and without a network.
 * It belongs to one person: it goes when they sign out, when their session ends, and when somebody else signs in. A browser that keeps
 * nothing (a private window, a full disk) is no failure: the application then opens from the network, as on its first day.
 */
import { type DBSchema, type IDBPDatabase, openDB } from "idb";
import type { Entry } from "../api/types";
import type { Kept, Room, State } from "./apply";

/** The newest entries of a room that are kept. */
export const ENTRIES = 100;
const FILES = 300;
const FILE_BYTES = 400_000;
const ANSWERS = 60;
const SOON_MS = 400;

interface Answer {
  key: readonly unknown[];
  data: unknown;
  at: number;
}
interface Schema extends DBSchema {
  people: { key: string; value: Kept["people"][string] };
  rooms: { key: string; value: Room };
  /** One row: whose all this is. */
  owner: { key: "owner"; value: Kept["me"] };
  /** Answers over HTTP, by the key they have in the query cache. */
  answers: { key: string; value: Answer; indexes: { at: number } };
  /** Pictures shown, by address. */
  files: { key: string; value: { blob: Blob; at: number }; indexes: { at: number } };
  /** Files that wait to be sent, by key. */
  carried: { key: string; value: Blob };
}
const STORES = ["people", "rooms", "owner", "answers", "files", "carried"] as const;

let opened: Promise<IDBPDatabase<Schema> | null> | undefined;

function database() {
  opened ??= openDB<Schema>("bchat", 1, {
    upgrade(db) {
      for (const store of ["people", "rooms", "owner", "carried"] as const) db.createObjectStore(store);
      for (const store of ["answers", "files"] as const) db.createObjectStore(store).createIndex("at", "at");
    },
  }).catch((problem: unknown) => unkept(problem));
  return opened;
}

function unkept(problem: unknown): null {
  console.info("Nothing is kept on this device:", problem);
  return null;
}

/** What was kept of this person, if it is theirs. */
export async function restore(userId: string): Promise<Kept | null> {
  const db = await database();
  const owner = await db?.get("owner", "owner");
  if (!db || owner?.id !== userId) return null;
  const [rooms, people] = await Promise.all([db.getAll("rooms"), db.getAll("people")]);
  return { me: owner, rooms: byId(rooms, (room) => room.group.id), people: byId(people, (person) => person.id) };
}

const byId = <T>(list: T[], id: (one: T) => string) => Object.fromEntries(list.map((one) => [id(one), one]));

/** Forget everything of whoever it was; `unsent`: also the files of messages that still wait for them to come back. */
export async function wipe(unsent: boolean) {
  written = next = undefined;
  clearTimeout(timer);
  timer = undefined;
  const db = await database();
  if (!db) return;
  const stores = STORES.filter((store) => unsent || store !== "carried");
  const all = db.transaction(stores, "readwrite");
  await Promise.all([...stores.map((store) => all.objectStore(store).clear()), all.done]);
}

let written: State | undefined;
let next: State | undefined;
let timer: ReturnType<typeof setTimeout> | undefined;

/** Keep this state, soon: of many in a row the last. */
export function keep(state: State) {
  next = state;
  timer ??= setTimeout(() => void write(), SOON_MS);
}

/** Keep now what was to be kept soon: the page may be gone in a moment. */
export async function write() {
  clearTimeout(timer);
  timer = undefined;
  const state = next;
  if (!state?.me || state === written) return;
  const before = written;
  written = state;
  const db = await database();
  if (!db || written !== state) return; // forgotten meanwhile
  try {
    const all = db.transaction(["people", "rooms", "owner"], "readwrite");
    const rooms = all.objectStore("rooms");
    const people = all.objectStore("people");
    const work: Promise<unknown>[] = [all.done];
    if (state.me !== before?.me) work.push(all.objectStore("owner").put(state.me, "owner"));
    for (const [id, room] of Object.entries(state.rooms)) if (room !== before?.rooms[id]) work.push(rooms.put(lean(room), id));
    for (const id of await rooms.getAllKeys()) if (!state.rooms[id]) work.push(rooms.delete(id));
    for (const [id, person] of Object.entries(state.people)) if (person !== before?.people[id]) work.push(people.put(person, id));
    await Promise.all(work);
  } catch (problem) {
    written = before; // the disk is full, perhaps: the next change tries again
    unkept(problem);
  }
}

/** The end of the timeline; of one that is read far back there is no end to keep. */
function lean(room: Room): Room {
  const entries: Entry[] = room.live ? room.entries.slice(-ENTRIES) : [];
  return { ...room, entries, live: true, window: 0, typing: {}, sharing: {} };
}

export async function keepAnswer(key: readonly unknown[], data: unknown) {
  const db = await database();
  await db?.put("answers", { key, data, at: Date.now() }, JSON.stringify(key)).catch(unkept);
  if (db) await prune(db, "answers", ANSWERS);
}

export async function answers(): Promise<Answer[]> {
  return (await (await database())?.getAll("answers")) ?? [];
}

export async function keepFile(url: string, blob: Blob) {
  if (blob.size > FILE_BYTES) return;
  const db = await database();
  await db?.put("files", { blob, at: Date.now() }, url).catch(unkept);
  if (db) await prune(db, "files", FILES);
}

export async function keptFile(url: string): Promise<Blob | undefined> {
  return (await (await database())?.get("files", url))?.blob;
}

/** The oldest go first. */
async function prune(db: IDBPDatabase<Schema>, store: "answers" | "files", most: number) {
  const all = db.transaction(store, "readwrite");
  let over = (await all.store.count()) - most;
  for (let at = over > 0 ? await all.store.index("at").openCursor() : null; at && over > 0; at = await at.continue(), over--) await at.delete();
  await all.done;
}

export async function carry(key: string, file: Blob) {
  await (await database())?.put("carried", file, key).catch(unkept);
}

export async function carried(key: string): Promise<Blob | undefined> {
  return (await database())?.get("carried", key);
}

export async function carriedOver(key: string) {
  await (await database())?.delete("carried", key);
}
