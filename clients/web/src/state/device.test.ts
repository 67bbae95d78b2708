import "fake-indexeddb/auto";
import { beforeEach, describe, expect, test, vi } from "vitest";
import type { Entry, Group, User } from "../api/types";
import { apply, nothing, type State } from "./apply";
import { answers, carried, carry, ENTRIES, keep, keepAnswer, keepFile, keptFile, restore, wipe, write } from "./device";
import { forgetOutbox, keepOutbox, waiting } from "./outbox";

const me: User = { id: "me", display_name: "Me", kind: "staff", permissions: [] };
const group: Group = { id: "g", name: "G", catalogue: "chat", visibility: "open", version: 3, my_role: "staff", last_seq: 150, read_seq: 150 };
const text = (seq: number): Entry => ({ seq, id: `e${seq}`, kind: "text", sender_id: "you", client_id: `c${seq}`, at: "2026-11-23T10:00:00.000Z", text: `t${seq}` });
const state = (): State => {
  const events = [
    { type: "signed_in", user: me, outbox: [] },
    { type: "welcome", session_id: "s", user: me, groups: [group, { ...group, id: "h" }], heartbeat_s: 25 },
    { type: "page", group_id: "g", entries: Array.from({ length: 150 }, (_, i) => text(i + 1)) },
    { type: "typing", group_id: "g", user_id: "you" },
    { type: "people", people: [{ id: "you", display_name: "You", kind: "customer" }] },
  ] as const;
  return events.reduce<State>((before, event) => apply(before, event as never), nothing);
};

beforeEach(() => wipe(true));

describe("what this device keeps", () => {
  test("comes back as it was, with the end of each timeline", async () => {
    keep(state());
    await write();
    const back = (await restore("me"))!;
    expect(back.me).toEqual(me);
    expect(back.people.you!.display_name).toBe("You");
    expect(back.rooms.g!.entries.map((e) => e.seq)).toEqual(Array.from({ length: ENTRIES }, (_, i) => 151 - ENTRIES + i));
    expect(back.rooms.g).toMatchObject({ last_seq: 150, read_seq: 150, typing: {}, live: true, latest: text(150) });
  });

  test("belongs to one person", async () => {
    keep(state());
    await write();
    expect(await restore("you")).toBeNull();
  });

  test("lets go of a room that is gone", async () => {
    keep(state());
    await write();
    keep(apply(state(), { type: "group_gone", group_id: "g" }));
    await write();
    expect(Object.keys((await restore("me"))!.rooms)).toEqual(["h"]);
  });

  test("is all forgotten, also what was just about to be kept; files of unsent messages only when asked", async () => {
    keep(state());
    await Promise.all([keepAnswer(["news"], { items: [] }), keepFile("/a", new Blob(["a"])), carry("k", new Blob(["b"]))]);
    await wipe(false);
    await write();
    expect([await restore("me"), await answers(), await keptFile("/a")]).toEqual([null, [], undefined]);
    expect(await carried("k")).toBeDefined();
    await wipe(true);
    expect(await carried("k")).toBeUndefined();
  });

  test("is bounded: the oldest answers go first, and a large file is not kept", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    for (let i = 0; i < 70; i++) {
      vi.setSystemTime(i * 1_000);
      await keepAnswer(["report", i], i);
    }
    vi.useRealTimers();
    const left = (await answers()).map((one) => one.data as number).sort((a, b) => a - b);
    expect(left).toEqual(Array.from({ length: 60 }, (_, i) => i + 10));
    await keepFile("/large", new Blob([new Uint8Array(500_000)]));
    expect(await keptFile("/large")).toBeUndefined();
  });
});

describe("unsent messages", () => {
  const stored = new Map<string, string>();
  const storage = new Proxy({} as Storage, {
    ownKeys: () => [...stored.keys()],
    getOwnPropertyDescriptor: () => ({ enumerable: true, configurable: true }),
    get: (_, name) => ({ getItem: (key: string) => stored.get(key) ?? null, setItem: (key: string, value: string) => void stored.set(key, value), removeItem: (key: string) => void stored.delete(key) })[String(name)],
  });
  const message = (client_id: string, status: "queued" | "sending" | "failed", at: string) => ({ client_id, group_id: "g", text: client_id, at, status, tries: 1, ref: 4 });

  test("come back in their order, what was under way queued again, and only their writer's", () => {
    const [a, b, c] = [message("a", "sending", "2"), message("b", "queued", "1"), message("c", "failed", "3")];
    keepOutbox(storage, "me", [a, b, c], []);
    keepOutbox(storage, "you", [message("d", "queued", "1")], []);
    expect(waiting(storage, "me").map((m) => [m.client_id, m.status, m.ref])).toEqual([["b", "queued", undefined], ["a", "queued", undefined], ["c", "failed", 4]]);
    keepOutbox(storage, "me", [c], [a, b, c]);
    expect(waiting(storage, "me").map((m) => m.client_id)).toEqual(["c"]);
    forgetOutbox(storage, "me");
    expect([waiting(storage, "me").length, waiting(storage, "you").length]).toEqual([1, 0]);
    forgetOutbox(storage);
    expect(stored.size).toBe(0);
  });
});
