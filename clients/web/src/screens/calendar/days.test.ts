import { expect, test } from "vitest";
import type { CalendarItem } from "../../api/types";
import { daysOf, monthOf, plus, spanOf, weekOf } from "./days";

const item = (more: Partial<CalendarItem>) => ({ id: "i", kind: "appointment", group_id: "g", title: "T", start: "2026-11-26T09:00:00.000Z", end: null, all_day: false, timezone: "UTC", ...more }) as CalendarItem;
const utc = (at: string | number) => new Date(at).toISOString().slice(0, 10);

test("weeks begin where their people begin them", () => {
  expect(weekOf("2026-11-26", 1)).toBe("2026-11-23");
  expect(weekOf("2026-11-26", 7)).toBe("2026-11-22");
  expect(weekOf("2026-11-29", 1)).toBe("2026-11-23");
});

test("a month is shown in whole weeks, a list without", () => {
  expect(spanOf("month", "2026-11-26", 1)).toEqual(["2026-10-26", "2026-12-07"]);
  expect(spanOf("list", "2026-11-26", 1)).toEqual(["2026-11-01", "2026-12-01"]);
  expect(spanOf("week", "2026-11-26", 1)).toEqual(["2026-11-23", "2026-11-30"]);
  expect(monthOf("2026-01-31", -1)).toBe("2025-12-01");
  expect(plus("2026-03-28", 2)).toBe("2026-03-30");
});

test("something lies on every day that it touches, and on no other", () => {
  expect(daysOf(item({}), utc)).toEqual(["2026-11-26"]);
  expect(daysOf(item({ end: "2026-11-28T00:00:00.000Z" }), utc)).toEqual(["2026-11-26", "2026-11-27"]);
  expect(daysOf(item({ all_day: true, start: "2026-11-25T23:00:00.000Z", end: "2026-11-26T23:00:00.000Z", local_start: "2026-11-26", local_end: "2026-11-27" }), utc)).toEqual(["2026-11-26"]);
});
