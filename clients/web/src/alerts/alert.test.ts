import { expect, test } from "vitest";
import type { Entry, Group, ServerFrame, User } from "../api/types";
import { apply, nothing, type State } from "../state/apply";
import { alertOf, isQuiet } from "./alert";

const NOON = Date.parse("2026-11-23T12:00:00.000Z");
const settings = { message_alert: true, message_sound: true, new_user_alert: true, quiet_hours: null, push_content: "full" } as const;
const entry = (more: Partial<Entry> = {}): Entry => ({ seq: 6, id: "e6", kind: "text", sender_id: "you", client_id: "c6", at: "2026-11-23T12:00:00.000Z", text: "Hello", ...more });
const frame = (more: Partial<Entry> = {}): ServerFrame => ({ type: "entry", group_id: "g", entry: entry(more) });

function state(changes: Partial<User["settings"]> = {}, group: Partial<Group> = {}): State {
  const user: User = { id: "me", display_name: "Me", kind: "staff", permissions: [], timezone: "UTC", settings: { ...settings, ...changes } };
  const known: Group = { id: "g", name: "G", catalogue: "chat", visibility: "open", version: 1, my_role: "staff", last_seq: 5, read_seq: 5, ...group };
  return apply(apply(nothing, { type: "signed_in", user, outbox: [] }), { type: "welcome", session_id: "s", user, groups: [known], heartbeat_s: 25 });
}

test("a message in another room is told, with a sound if that is wanted", () => {
  expect(alertOf(frame(), state(), "another", NOON)).toMatchObject({ kind: "message", group_id: "g", sound: true });
  expect(alertOf(frame(), state({ message_sound: false }), null, NOON)).toMatchObject({ sound: false });
});

test.each<[string, ServerFrame, State, string | null]>([
  ["what is looked at", frame(), state(), "g"],
  ["one's own", frame({ sender_id: "me" }), state(), null],
  ["what one did to a task oneself", frame({ kind: "task", sender_id: null, by: "me" }), state(), null],
  ["an edit", frame({ kind: "edit", target_seq: 1 }), state(), null],
  ["somebody coming in", frame({ kind: "member", sender_id: null }), state(), null],
  ["what was known before", frame({ seq: 5 }), state(), null],
  ["anything to who wants no alerts", frame(), state({ message_alert: false }), null],
  ["anything in quiet hours", frame(), state({ quiet_hours: { start: "11:00", end: "13:00" } }), null],
  ["a muted room", frame(), state({}, { muted: true } as Partial<Group>), null],
  ["what was missed", frame(), apply(state(), { type: "link", link: "connecting" }), null],
])("nobody is told of %s", (_, said, before, looking) => {
  expect(alertOf(said, before, looking, NOON)).toBeNull();
});

test("who is called by name hears it in a muted room too", () => {
  expect(alertOf(frame({ mentions: ["me"] }), state({}, { muted: true } as Partial<Group>), null, NOON)).not.toBeNull();
});

test("new people are told of to who wants it", () => {
  const user: ServerFrame = { type: "user", user: { id: "new", display_name: "New", kind: "staff" }, new: true };
  expect(alertOf(user, state(), null, NOON)).toMatchObject({ kind: "person" });
  expect(alertOf(user, state({ new_user_alert: false }), null, NOON)).toBeNull();
  expect(alertOf({ ...user, new: undefined } as ServerFrame, state(), null, NOON)).toBeNull();
});

test("quiet hours are those of the person's clocks, across midnight too", () => {
  const night = { start: "22:00", end: "07:00" };
  const at = (time: string) => Date.parse(`2026-11-23T${time}:00.000Z`);
  expect(isQuiet(night, "UTC", at("23:30"))).toBe(true);
  expect(isQuiet(night, "UTC", at("06:59"))).toBe(true);
  expect(isQuiet(night, "UTC", at("07:00"))).toBe(false);
  expect(isQuiet(night, "Asia/Taipei", at("15:00"))).toBe(true); // 23:00 there
  expect(isQuiet(null, "UTC", at("23:30"))).toBe(false);
});
