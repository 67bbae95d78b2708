import { describe, expect, it } from "vitest";
import type { Schedule } from "../../api/reports";
import { cronOf, rhythmOf, scheduleOf, WEEKLY } from "./rhythm";

const timezone = "Europe/Amsterdam";

describe("a rhythm", () => {
  it.each([
    ["30 7 * * *", "day", "07:30"],
    ["0 8 * * 1-5", "weekdays", "08:00"],
    ["15 9 * * 1,3,5", "week", "09:15"],
    ["0 18 10 * *", "month", "18:00"],
    ["5 23 L * *", "month_end", "23:05"],
  ])("reads %s as people say it, and says it again", (cron, every, time) => {
    expect(rhythmOf({ cron, timezone })).toMatchObject({ every, time });
    expect(scheduleOf(rhythmOf({ cron, timezone }), timezone)).toEqual({ cron, timezone });
  });
  it.each(["*/15 * * * *", "0 8 1 1 *", "0 8,12 * * *", "0 8 1 * 1", "0 8 * * 1#2"])("leaves %s as it was written", (cron) => {
    expect(rhythmOf({ cron, timezone }).every).toBe("cron");
    expect(scheduleOf(rhythmOf({ cron, timezone }), timezone)).toEqual({ cron, timezone });
  });
  it.each<[string, Schedule]>([
    ["working days", { cron: "0 8 1 * *", timezone, working_days: { rule: "next", country: "NL" } }],
    ["the third working day", { cron: "0 7 * * *", timezone, working_days: { rule: "nth", nth: 3 } }],
    ["the last working day of a country", { cron: "0 7 * * *", timezone, working_days: { rule: "nth", nth: -1, country: "DE" } }],
    ["the load of the day", { cron: "0 9 * * *", timezone, await_load: true }],
  ])("keeps %s", (_, schedule) => {
    expect(scheduleOf(rhythmOf(schedule), timezone)).toEqual(schedule);
  });
  it("knows both Sundays", () => {
    expect(rhythmOf({ cron: "0 8 * * 0", timezone }).days).toEqual([7]);
    expect(cronOf({ ...WEEKLY, days: [7, 2] })).toBe("0 8 * * 2,7");
  });
});
