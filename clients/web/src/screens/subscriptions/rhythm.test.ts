import { describe, expect, it } from "vitest";
import { cronOf, rhythmOf, WEEKLY } from "./rhythm";

describe("a rhythm", () => {
  it.each([
    ["30 7 * * *", "day", "07:30"],
    ["0 8 * * 1-5", "weekdays", "08:00"],
    ["15 9 * * 1,3,5", "week", "09:15"],
    ["0 18 10 * *", "month", "18:00"],
    ["5 23 L * *", "month_end", "23:05"],
  ])("reads %s as people say it, and says it again", (cron, every, time) => {
    expect(rhythmOf(cron)).toMatchObject({ every, time });
    expect(cronOf(rhythmOf(cron))).toBe(cron);
  });
  it.each(["*/15 * * * *", "0 8 1 1 *", "0 8,12 * * *", "0 8 1 * 1", "0 8 * * 1#2"])("leaves %s as it was written", (cron) => {
    expect(rhythmOf(cron).every).toBe("cron");
    expect(cronOf(rhythmOf(cron))).toBe(cron);
  });
  it("knows both Sundays", () => {
    expect(rhythmOf("0 8 * * 0").days).toEqual([7]);
    expect(cronOf({ ...WEEKLY, days: [7, 2] })).toBe("0 8 * * 2,7");
  });
});
