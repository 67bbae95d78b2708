import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import asyncapi from "../../../../services/gateway/gateway/asyncapi.yml?raw";
import appended from "../../../../services/chat/contract/entries_appended.v1.json";
import type { Entry, Group, ServerFrame, User } from "../api/types";
import { apply, nothing, type Happening, type State } from "./apply";

/** What the contracts give as examples, applied: the client and the services agree not only on shapes. */
interface Message {
  name?: string;
  payload: { properties: { type: { const: string } } };
  examples: { payload: ServerFrame }[];
}
const document = parse(asyncapi) as { operations: { toClient: { messages: { $ref: string }[] } }; components: { messages: Record<string, Message> } };
const said = document.operations.toClient.messages.map(({ $ref }) => $ref.split("/").at(-1)!);
const examples = said.flatMap((name) => document.components.messages[name]!.examples.map(({ payload }, i) => [`${name} ${i + 1}`, payload] as const));
const example = <T extends ServerFrame["type"]>(type: T) => examples.map(([, frame]) => frame).filter((frame): frame is Extract<ServerFrame, { type: T }> => frame.type === type);

const ROOM = "01936f5e-0000-7000-8000-0000000000aa";
const [welcome] = example("welcome");
const me: User = { ...welcome!.user, permissions: [] };
const run = (...events: Happening[]): State => events.reduce((state, event) => apply(state, event, 1_000), apply(nothing, { type: "signed_in", user: me, outbox: [] }));
const greeted = (more: Partial<Group>): Happening => ({ ...welcome!, groups: [{ ...welcome!.groups[0]!, ...more }] });
const filler = (seq: number): Entry => ({ seq, id: `f${seq}`, kind: "text", sender_id: "x", client_id: null, at: "2026-11-22T17:00:00.000Z", text: "" });

describe("each frame that the AsyncAPI document shows", () => {
  const before = run(welcome!, { type: "page", group_id: ROOM, entries: [filler(56), filler(57)] });

  test.each(examples)("%s: heard twice is heard once", (_, frame) => {
    const once = apply(before, frame, 1_000);
    expect(apply(once, frame, 1_000)).toEqual(frame.type === "entries" && !frame.complete ? { ...once, rooms: { [ROOM]: { ...once.rooms[ROOM]!, window: 2 } } } : once);
  });

  test.each(examples.filter(([, { type }]) => !["ack", "member", "pong", "error", "news", "news_gone", "calendar", "source", "report", "alert", "welcome", "share"].includes(type)))("%s: changes what is shown", (_, frame) => {
    expect(apply(before, frame, 1_000)).not.toEqual(before);
  });
});

describe("each kind of entry that chat's contract shows", () => {
  const entries = (appended.examples[0]!.entries as Entry[]).toSorted((a, b) => a.seq - b.seq);
  const [first, last] = [entries[0]!.seq, entries.at(-1)!.seq];
  const start = [greeted({ last_seq: first - 1, read_seq: first - 1, unread: 0 }), { type: "page", group_id: ROOM, entries: [filler(first - 1)] } as Happening];
  const one = (entry: Entry): Happening => ({ type: "entry", group_id: ROOM, entry });
  const many = (complete: Entry[]): Happening => ({ type: "entries", group_id: ROOM, entries: complete, complete: true });
  /** The room as the server tells it to somebody who comes now: changes are in the messages they changed. */
  const now = entries.map((entry): Entry => {
    const by = (kind: string) => entries.find((e) => e.kind === kind && e.target_seq === entry.seq);
    if (by("delete")) return { ...entry, text: "", attachments: [], mentions: [], deleted: true };
    const edit = by("edit");
    return edit ? { ...entry, text: edit.text, edited_at: edit.at } : entry;
  });

  test("the state and the entries one by one, all at once, twice and over HTTP are a fresh start", () => {
    const live = run(...start, ...entries.map(one));
    const mine = entries.filter((e) => e.sender_id === me.id && !["edit", "delete", "news"].includes(e.kind)).at(-1)!.seq;
    const unread = entries.filter((e) => e.seq > mine && !["edit", "delete"].includes(e.kind)).length;
    const fresh = run(greeted({ last_seq: last, read_seq: mine, unread }), { type: "page", group_id: ROOM, entries: [filler(first - 1), ...now] });
    expect(live).toEqual(fresh);
    expect(run(...start, many(entries))).toEqual(fresh);
    expect(run(...start, ...entries.map(one), many(entries), { type: "page", group_id: ROOM, entries: now })).toEqual(fresh);
    const half = entries.slice(0, 4);
    expect(run(...start, ...half.map(one), { type: "link", link: "waiting" }, { type: "link", link: "online" }, many(entries.slice(4)))).toEqual(fresh);
  });

  test("what was restored from the device and the missed entries are a fresh start", () => {
    const { rooms, people } = run(...start, ...entries.slice(0, 3).map(one));
    const back = [greeted({ last_seq: last, read_seq: first, unread: 0 }), many(entries.slice(3))] as Happening[];
    const restored = [{ type: "restored", me, rooms, people, outbox: [] } as Happening, ...back].reduce((state, event) => apply(state, event, 1_000), nothing);
    expect(restored.rooms[ROOM]!.entries).toEqual([filler(first - 1), ...now]);
    expect(restored.rooms[ROOM]!.latest).toEqual(now.at(-1));
  });
});
