import { expect, test } from "vitest";
import { instantOf, localOf } from "./zone";

test.each([
  ["2026-11-23T09:00", "Europe/Amsterdam", "2026-11-23T08:00:00.000Z"],
  ["2026-07-23T09:00", "Europe/Amsterdam", "2026-07-23T07:00:00.000Z"],
  ["2026-11-23T09:00", "Asia/Taipei", "2026-11-23T01:00:00.000Z"],
  ["2026-11-22T20:30", "America/St_Johns", "2026-11-23T00:00:00.000Z"],
  ["2026-03-29T01:30", "Europe/Amsterdam", "2026-03-29T00:30:00.000Z"],
  ["2026-10-25T03:30", "Europe/Amsterdam", "2026-10-25T02:30:00.000Z"],
  ["2026-11-23T09:00", "UTC", "2026-11-23T09:00:00.000Z"],
])("%s in %s is %s, there and back", (local, zone, instant) => {
  expect(instantOf(local, zone)).toBe(instant);
  expect(localOf(instant, zone)).toBe(local);
});

test("a time that the clocks skip is the one after it, one that they show twice the first", () => {
  expect(instantOf("2026-03-29T02:30", "Europe/Amsterdam")).toBe("2026-03-29T01:30:00.000Z");
  expect(instantOf("2026-10-25T02:30", "Europe/Amsterdam")).toBe("2026-10-25T00:30:00.000Z");
});
