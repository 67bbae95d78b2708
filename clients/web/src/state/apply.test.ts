import { describe, expect, test } from "vitest";
import type { Entry, Feature, Group, Share, User } from "../api/types";
import { apply, nothing, unread, type Happening, type Pending, type State } from "./apply";

const me: User = { id: "me", display_name: "Me", kind: "staff", permissions: [] };
const group = (more: Partial<Group> = {}): Group => ({ id: "g", name: "G", catalogue: "chat", visibility: "open", version: 3, my_role: "staff", last_seq: 0, read_seq: 0, ...more });
const text = (seq: number, more: Partial<Entry> = {}): Entry => ({ seq, id: `e${seq}`, kind: "text", sender_id: "you", client_id: `c${seq}`, at: "2026-11-23T10:00:00.000Z", text: `t${seq}`, ...more });
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => text(from + i));
const message = (more: Partial<Pending> = {}): Pending => ({ client_id: "x", group_id: "g", text: "hi", at: "2026-11-23T10:00:00.000Z", status: "queued", tries: 0, ...more });
const welcome = (...groups: Group[]): Happening => ({ type: "welcome", session_id: "s", user: me, groups, heartbeat_s: 25 });
const entry = (e: Entry): Happening => ({ type: "entry", group_id: "g", entry: e });
const entries = (...list: Entry[]): Happening => ({ type: "entries", group_id: "g", entries: list, complete: true });
const page = (...list: Entry[]): Happening => ({ type: "page", group_id: "g", entries: list });

function run(...events: Happening[]): State {
  return events.reduce((state, event) => apply(state, event, 1_000), apply(nothing, { type: "signed_in", user: me, outbox: [] }));
}
const seqs = (state: State) => state.rooms.g!.entries.map((e) => e.seq);

describe("a room's timeline", () => {
  test("state and events give the same as a fresh start", () => {
    const live = run(welcome(group({ last_seq: 3, read_seq: 1 })), page(...range(1, 3)), entry(text(4)), entries(...range(5, 7)), { type: "read", group_id: "g", user_id: "me", seq: 6 });
    const fresh = run(welcome(group({ last_seq: 7, read_seq: 6 })), page(...range(1, 7)));
    expect(live).toEqual(fresh);
  });

  test("an entry that comes twice is there once", () => {
    expect(seqs(run(welcome(group()), entry(text(1)), entry(text(1)), entries(text(1), text(2), text(2)), page(...range(1, 2))))).toEqual([1, 2]);
  });

  test("an entry beyond a hole is not shown, and counts as unread until it was paged for", () => {
    const state = run(welcome(group({ last_seq: 2, read_seq: 2 })), page(...range(1, 2)), entry(text(5)));
    expect(seqs(state)).toEqual([1, 2]);
    expect(state.rooms.g!.last_seq).toBe(5);
    expect(unread(state.rooms.g!)).toBe(3);
    expect(seqs(apply(state, page(...range(3, 5))))).toEqual([1, 2, 3, 4, 5]);
  });

  test("older pages go in front, overlapping or not, never leaving a hole", () => {
    const newest = run(welcome(group({ last_seq: 9 })), page(...range(7, 9)));
    expect(seqs(apply(newest, page(...range(4, 7))))).toEqual([4, 5, 6, 7, 8, 9]);
    expect(seqs(apply(newest, page(...range(1, 3))))).toEqual([7, 8, 9]);
  });

  test("a first page with a hole in it keeps only what comes after", () => {
    expect(seqs(run(welcome(group()), page(text(1), text(3), text(4))))).toEqual([3, 4]);
  });

  test("too much was missed: the window starts anew", () => {
    const state = run(welcome(group({ last_seq: 2 })), page(...range(1, 2)), welcome(group({ last_seq: 900 })), { type: "entries", group_id: "g", entries: [], complete: false });
    expect(state.rooms.g).toMatchObject({ entries: [], window: 1, last_seq: 900 });
  });

  test("an edit and a deletion change the message they name, whichever comes first", () => {
    const edit = (seq: number, target_seq: number, words?: string) => text(seq, { kind: "edit", target_seq, text: words, client_id: null });
    const gone = text(7, { kind: "delete", target_seq: 2, text: undefined, client_id: null });
    const changes = [edit(4, 1), edit(5, 1, "new"), edit(6, 2, "secret"), gone];
    const live = run(welcome(group()), page(...range(1, 3)), ...changes.map(entry));
    const paged = run(welcome(group({ last_seq: 7 })), page(...changes), page(...range(1, 3)));
    for (const state of [live, paged]) {
      expect(state.rooms.g!.entries.map((e) => e.text)).toEqual(["new", "", "t3", undefined, "new", "secret", undefined]);
      expect(state.rooms.g!.entries[1]).toMatchObject({ deleted: true, attachments: [] });
      expect(state.rooms.g!.entries[0]!.edited_at).toBe("2026-11-23T10:00:00.000Z");
      expect(unread(state.rooms.g!)).toBe(state === live ? 3 : 7);
    }
  });

  test("edits and deletions are nothing to read, and who makes them has not read the rest", () => {
    const mine = text(6, { kind: "edit", target_seq: 1, text: "new", sender_id: "me", client_id: null });
    let state = run(welcome(group({ last_seq: 5, read_seq: 2, unread: 2 })), entry(mine));
    expect(state.rooms.g!.read_seq).toBe(2);
    expect(unread(state.rooms.g!)).toBe(2);
    state = apply(state, { type: "read", group_id: "g", user_id: "me", seq: 6 });
    expect(unread(state.rooms.g!)).toBe(0);
  });

  test("a kind that this client does not know is in its place and harms nothing", () => {
    const unknown = text(2, { kind: "of_tomorrow" as Entry["kind"] });
    expect(seqs(run(welcome(group()), entry(text(1)), entry(unknown), entry(text(3))))).toEqual([1, 2, 3]);
  });

  test("a server whose history is gone is believed", () => {
    const state = run(welcome(group({ last_seq: 9 })), page(...range(1, 9)), welcome(group({ last_seq: 2 })), { type: "entries", group_id: "g", entries: [], complete: false });
    expect(apply(state, page(...range(1, 2))).rooms.g).toMatchObject({ entries: range(1, 2), last_seq: 2 });
  });

  test("a reconnect keeps what was loaded and takes the missed entries", () => {
    const state = run(welcome(group({ last_seq: 2 })), page(...range(1, 2)), { type: "link", link: "waiting" }, welcome(group({ last_seq: 4 })), entries(...range(3, 4)));
    expect(seqs(state)).toEqual([1, 2, 3, 4]);
  });

  test("entries of a room that is not ours change nothing", () => {
    const state = run(welcome());
    expect(apply(state, entry(text(1)))).toBe(state);
  });
});

describe("far back in a long room", () => {
  const far = () => run(welcome(group({ last_seq: 900, read_seq: 900 })), page(...range(851, 900)), { type: "moved", group_id: "g", entries: range(101, 150) });

  test("what is new does not come into the window, but is known of", () => {
    const state = apply(far(), entry(text(901)));
    expect(state.rooms.g).toMatchObject({ live: false, last_seq: 901, latest: text(901), window: 1 });
    expect(seqs(state)).toEqual(range(101, 150).map((e) => e.seq));
    expect(unread(state.rooms.g!)).toBe(1);
  });

  test("one stays there when too much was missed, and is at the end again when one has left", () => {
    const back = apply(apply(far(), welcome(group({ last_seq: 2_000, read_seq: 900 }))), { type: "entries", group_id: "g", entries: [], complete: false });
    expect(seqs(back)[0]).toBe(101);
    const left = apply(back, { type: "moved", group_id: "g", entries: [] });
    expect(left.rooms.g).toMatchObject({ entries: [], live: true });
    expect(seqs(apply(left, page(...range(1_951, 2_000)))).at(-1)).toBe(2_000);
  });

  test("paged to the end it is live again, and goes on with what is new", () => {
    const there = run(welcome(group({ last_seq: 160 })), { type: "moved", group_id: "g", entries: range(101, 150) }, page(...range(151, 160)), entry(text(161)));
    expect(there.rooms.g).toMatchObject({ live: true });
    expect(seqs(there).at(-1)).toBe(161);
  });

  test("of a long window what is not needed goes, on both sides", () => {
    const long = run(welcome(group({ last_seq: 500 })), page(...range(1, 500)));
    const end = apply(long, { type: "trimmed", group_id: "g", from: 301, to: Infinity });
    expect([seqs(end)[0], seqs(end).at(-1), end.rooms.g!.live]).toEqual([301, 500, true]);
    const middle = apply(long, { type: "trimmed", group_id: "g", from: 101, to: 300 });
    expect([seqs(middle)[0], seqs(middle).at(-1), middle.rooms.g!.live]).toEqual([101, 300, false]);
    expect(apply(middle, entry(text(501))).rooms.g!.entries).toEqual(middle.rooms.g!.entries);
  });

  test("what one writes is no longer under way once it is stored", () => {
    const mine = text(901, { sender_id: "me", client_id: "x" });
    const sent = [{ type: "queued", message: message() }, { type: "sending", client_id: "x", ref: 7 }, { type: "ack", ref: 7, entry: mine }, entry(mine)].reduce((s, e) => apply(s, e as Happening), far());
    expect(sent.outbox).toEqual([]);
  });

  test("an edit of the newest shows in the list, too", () => {
    const edit = text(3, { kind: "edit", target_seq: 2, text: "new", client_id: null });
    expect(run(welcome(group({ last_seq: 2 })), page(...range(1, 2)), entry(edit)).rooms.g!.latest!.seq).toBe(3);
    expect(run(welcome(group()), page(...range(1, 2)), page(edit)).rooms.g!.entries[1]!.text).toBe("new");
  });
});

describe("sending", () => {
  const mine = text(1, { sender_id: "me", client_id: "x" });
  const sent = () => run(welcome(group()), { type: "queued", message: message() }, { type: "sending", client_id: "x", ref: 7 });

  test("ack before entry and entry before ack end the same", () => {
    const ack: Happening = { type: "ack", ref: 7, entry: mine };
    const one = [ack, entry(mine)].reduce((s, e) => apply(s, e), sent());
    const other = [entry(mine), ack].reduce((s, e) => apply(s, e), sent());
    expect(one).toEqual(other);
    expect(one.outbox).toEqual([]);
    expect(seqs(one)).toEqual([1]);
  });

  test("an ack whose entry has others before it waits for them", () => {
    const state = apply(run(welcome(group({ last_seq: 1 })), page(text(1)), { type: "queued", message: message() }, { type: "sending", client_id: "x", ref: 7 }), { type: "ack", ref: 7, entry: text(3, { sender_id: "me", client_id: "x" }) });
    expect(seqs(state)).toEqual([1]);
    expect(state.outbox[0]!.status).toBe("stored");
    const then = [entry(text(2)), entry(text(3, { sender_id: "me", client_id: "x" }))].reduce((s, e) => apply(s, e), state);
    expect(seqs(then)).toEqual([1, 2, 3]);
    expect(then.outbox).toEqual([]);
  });

  test("an ack for something long stored just ends the sending", () => {
    const state = run(welcome(group({ last_seq: 9 })), page(...range(5, 9)), { type: "queued", message: message() }, { type: "sending", client_id: "x", ref: 7 });
    const then = apply(state, { type: "ack", ref: 7, entry: text(2, { sender_id: "me", client_id: "x" }) });
    expect(then.outbox).toEqual([]);
    expect(seqs(then)).toEqual([5, 6, 7, 8, 9]);
  });

  test("the same client_id of somebody else is another message", () => {
    expect(apply(sent(), entry(text(1, { client_id: "x" }))).outbox).toHaveLength(1);
  });

  test("what was under way when the connection broke is queued again", () => {
    expect(apply(sent(), { type: "link", link: "waiting" }).outbox[0]).toMatchObject({ status: "queued", ref: undefined });
  });

  test("a refusal fails the message; a passing one queues it again, but not for ever", () => {
    expect(apply(sent(), { type: "error", ref: 7, code: "not_a_member" }).outbox[0]).toMatchObject({ status: "failed", code: "not_a_member" });
    let state = sent();
    for (let i = 0; i < 6; i++) state = apply(apply(state, { type: "error", ref: 7, code: "unavailable" }), { type: "sending", client_id: "x", ref: 7 });
    expect(apply(state, { type: "error", ref: 7, code: "unavailable" }).outbox[0]!.status).toBe("failed");
    expect(apply(sent(), { type: "error", ref: 99, code: "not_a_member" }).outbox[0]!.status).toBe("sending");
  });

  test("files are brought first, each once, and the message then goes with them", () => {
    const files = [{ key: "a", name: "a.jpg", type: "image/jpeg", size: 1 }, { key: "b", name: "b.jpg", type: "image/jpeg", size: 1 }];
    const kept = { id: "1", kind: "photo", content_type: "image/jpeg", name: "a.jpg", size: 1, url: "/a" };
    const brought: Happening = { type: "carried", client_id: "x", key: "a", attachment: kept };
    const state = run(welcome(group()), { type: "queued", message: message({ files }) }, { type: "sending", client_id: "x" }, brought, brought);
    expect(state.outbox[0]).toMatchObject({ attachments: [kept], files: [files[1]] });
    expect(apply(state, { type: "refused", client_id: "x", code: "network", passing: true }).outbox[0]!.status).toBe("queued");
    expect(apply(state, { type: "refused", client_id: "x", code: "too_large", passing: false }).outbox[0]).toMatchObject({ status: "failed", code: "too_large" });
  });

  test("writing counts as reading", () => {
    const state = run(welcome(group({ last_seq: 4, read_seq: 1 })), page(...range(1, 4)), entry(text(5, { sender_id: "me", client_id: "x" })));
    expect(unread(state.rooms.g!)).toBe(0);
  });
});

describe("marks and writing", () => {
  test("read marks only move forward", () => {
    const state = run(welcome(group({ last_seq: 9, read_seq: 5 })), { type: "read", group_id: "g", user_id: "me", seq: 3 }, { type: "read", group_id: "g", user_id: "you", seq: 8 }, { type: "reads", group_id: "g", items: [{ user_id: "you", seq: 2 }, { user_id: "me", seq: 6 }] });
    expect(state.rooms.g).toMatchObject({ read_seq: 6, reads: { you: 8 } });
  });

  test("how far a message has come only moves forward, and goes for those before it", () => {
    const state = run(
      welcome(group({ last_seq: 9 })),
      { type: "reached", group_id: "g", seq: 8, items: [{ user_id: "a", state: "received" }, { user_id: "b", state: "pushed" }, { user_id: "c", state: "stored" }] },
      { type: "reached", group_id: "g", seq: 5, items: [{ user_id: "a", state: "stored" }, { user_id: "b", state: "read" }] },
      welcome(group({ last_seq: 9 })),
    );
    expect(state.rooms.g).toMatchObject({ received: { a: 8, b: 5 }, notified: { a: 8, b: 8 } });
  });

  test("whoever has written is no longer writing", () => {
    const state = run(welcome(group()), { type: "typing", group_id: "g", user_id: "you" }, { type: "typing", group_id: "g", user_id: "me" });
    expect(Object.keys(state.rooms.g!.typing)).toEqual(["you"]);
    expect(apply(state, entry(text(1))).rooms.g!.typing).toEqual({});
  });
});

describe("groups", () => {
  test("an older version never overwrites a newer one", () => {
    const state = run(welcome(group({ version: 5, name: "new" })), { type: "group", group: group({ version: 4, name: "old" }) });
    expect(state.rooms.g!.group.name).toBe("new");
  });

  test("an open group that is not ours is not a room; joined, it is", () => {
    const other = { ...group({ id: "o" }), my_role: null };
    expect(run(welcome(), { type: "group", group: other }).rooms).toEqual({});
    expect(Object.keys(run(welcome(), { type: "group", group: group({ id: "o" }) }).rooms)).toEqual(["o"]);
  });

  test("a group frame without a role leaves mine as it was, unless it is newer and says none", () => {
    const { my_role: _, ...bare } = group({ version: 4 });
    expect(run(welcome(group()), { type: "group", group: bare }).rooms.g!.group.my_role).toBe("staff");
    expect(run(welcome(group()), { type: "group", group: { ...bare, my_role: null } }).rooms.g).toBeUndefined();
    expect(run(welcome(group()), { type: "group", group: { ...bare, version: 3, my_role: null } }).rooms.g!.group.my_role).toBe("staff");
  });

  test("gone, left and removed rooms take their unsent messages with them", () => {
    for (const event of [{ type: "group_gone", group_id: "g" }, { type: "member", group_id: "g", user_id: "me", role: null }] as Happening[]) {
      expect(run(welcome(group()), { type: "queued", message: message() }, event)).toMatchObject({ rooms: {}, outbox: [] });
    }
    expect(run(welcome(group()), { type: "member", group_id: "g", user_id: "you", role: null }).rooms.g).toBeDefined();
  });

  test("a room missing from the welcome is no longer ours", () => {
    expect(run(welcome(group(), group({ id: "h" })), welcome(group())).rooms.h).toBeUndefined();
  });
});

describe("reports", () => {
  const asked: Happening = { type: "asked", report: { id: "r", type: "sales", group_id: "g", status: "running", progress: 0 } };
  const arrived = entry(text(1, { kind: "report", report_id: "r" }));

  test("progress is shown until the entry comes, in whatever order the answers come", () => {
    const running = run(welcome(group()), { type: "report", report: { id: "r", progress: 0.4, status: "running" } }, asked);
    expect(running.reports.r).toMatchObject({ group_id: "g", progress: 0.4 });
    expect(apply(running, arrived).reports).toEqual({});
    expect(run(welcome(group()), arrived, asked).reports).toEqual({});
  });

  test("a failed one stays until it is dismissed", () => {
    const failed = run(welcome(group()), asked, { type: "report", report: { id: "r", status: "failed", error: "no data" } });
    expect(failed.reports.r).toMatchObject({ status: "failed", group_id: "g" });
    expect(apply(failed, { type: "dismissed", report_id: "r" }).reports).toEqual({});
  });
});

test("what another device of mine has set is mine here too, and of others only theirs", () => {
  const mine = run({ type: "user", user: { id: "me", display_name: "I", kind: "staff", permissions: ["news:publish"], locale: "zh-Hant" } });
  expect(mine.me).toMatchObject({ display_name: "I", permissions: ["news:publish"], locale: "zh-Hant" });
  const theirs = apply(mine, { type: "user", user: { id: "you", display_name: "You", kind: "customer" }, new: true });
  expect(theirs.me).toEqual(mine.me);
  expect(theirs.people.you!.display_name).toBe("You");
});

test("a frame of a newer server changes nothing", () => {
  const state = run(welcome(group()));
  expect(apply(state, { type: "calendar" } as unknown as Happening)).toBe(state);
});

test("signing out forgets everything", () => {
  expect(run(welcome(group()), { type: "queued", message: message() }, { type: "signed_out" })).toEqual(nothing);
});

describe("who is called by name", () => {
  test("counts until it is read, as the server counts", () => {
    const calls = [text(1, { mentions: ["me"] }), text(2), text(3, { mentions: ["you", "everyone"] }), text(4, { mentions: ["you"] })];
    const live = run(welcome(group()), ...calls.map(entry));
    expect(live.rooms.g!.mentions).toBe(2);
    expect(live).toEqual(run(welcome(group({ last_seq: 4, unread: 4, mentions_unread: 2 })), page(...calls)));
    expect(apply(live, { type: "read", group_id: "g", user_id: "me", seq: 1 }).rooms.g!.mentions).toBe(1);
    expect(apply(live, entry(text(5, { sender_id: "me", mentions: ["everyone"] }))).rooms.g!.mentions).toBe(0);
  });
});

describe("live positions", () => {
  const at = (recorded_at: string, share = "s1"): Feature => ({
    type: "Feature",
    id: share,
    geometry: { type: "Point", coordinates: [4.9, 52.4] },
    properties: { user_id: "you", accuracy_m: 10, recorded_at, ends_at: "2026-11-23T11:00:00.000Z" },
  });
  const share = (more: Partial<Share> = {}): Happening => ({
    type: "share",
    share: { id: "s1", group_id: "g", user_id: "you", started_at: "2026-11-23T10:00:00.000Z", ends_at: "2026-11-23T11:00:00.000Z", ended_at: null, end_reason: null, version: 1, ...more },
  });
  const point = (feature: Feature): Happening => ({ type: "position", group_id: "g", user_id: "you", feature });
  const live = (state: State) => state.rooms.g!.sharing.you;

  test("the last one wins, and a late one does not", () => {
    const state = run(welcome(group()), share(), point(at("2026-11-23T10:02:00.000Z")), point(at("2026-11-23T10:01:00.000Z")));
    expect(live(state)?.feature?.properties?.recorded_at).toBe("2026-11-23T10:02:00.000Z");
    expect(state).toEqual(run(welcome(group()), { type: "pins", group_id: "g", features: [at("2026-11-23T10:02:00.000Z")] }));
  });

  test("end with their share, and not with an older one", () => {
    const state = run(welcome(group()), share(), point(at("2026-11-23T10:02:00.000Z")));
    expect(live(apply(state, share({ id: "s0", ended_at: "2026-11-23T10:03:00.000Z" })))).toBeDefined();
    expect(live(apply(state, share({ ended_at: "2026-11-23T10:03:00.000Z" })))).toBeUndefined();
    expect(live(apply(state, share({ ends_at: "2026-11-23T12:00:00.000Z", version: 2 })))).toMatchObject({ ends_at: "2026-11-23T12:00:00.000Z", feature: { id: "s1" } });
  });
});

test("a mute stays when the group is told anew to all, and goes when it is said", () => {
  const group: Group = { id: "g", name: "G", catalogue: "chat", visibility: "open", version: 1, my_role: "staff", last_seq: 0, read_seq: 0, muted: false, muted_until: null };
  const me: User = { id: "me", display_name: "Me", kind: "staff", permissions: [] };
  let state = apply(apply(nothing, { type: "signed_in", user: me, outbox: [] }), { type: "welcome", session_id: "s", user: me, groups: [group], heartbeat_s: 25 });
  state = apply(state, { type: "muted", group_id: "g", muted: true, muted_until: "2099-01-01T00:00:00.000Z" });
  const { muted: _, muted_until: __, ...toAll } = group;
  state = apply(state, { type: "group", group: { ...toAll, name: "Other", version: 2 } });
  expect(state.rooms.g!.group).toMatchObject({ name: "Other", muted: true, muted_until: "2099-01-01T00:00:00.000Z" });
  state = apply(state, { type: "muted", group_id: "g", muted: false, muted_until: null });
  expect(state.rooms.g!.group.muted).toBe(false);
});
