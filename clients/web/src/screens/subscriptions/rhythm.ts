/** A schedule as people say it, and the cron line that says the same. */
export type Every = "day" | "weekdays" | "week" | "month" | "month_end" | "cron";
export interface Rhythm {
  every: Every;
  /** HH:MM, in the schedule's time zone. */
  time: string;
  /** Of the week: 1 is Monday, 7 Sunday. */
  days: number[];
  /** Of the month. Later ones are not in every month. */
  day: number;
  /** What the person wrote. */
  cron: string;
}

export const WEEKLY: Rhythm = { every: "week", time: "08:00", days: [1], day: 1, cron: "0 8 * * 1" };

export function cronOf({ every, time, days, day, cron }: Rhythm): string {
  if (every === "cron") return cron.trim().replace(/\s+/g, " ");
  const [hour, minute] = time.split(":").map(Number);
  const at = `${minute} ${hour}`;
  switch (every) {
    case "day":
      return `${at} * * *`;
    case "weekdays":
      return `${at} * * 1-5`;
    case "week":
      return `${at} * * ${[...days].sort((a, b) => a - b).join(",")}`;
    case "month":
      return `${at} ${day} * *`;
    case "month_end":
      return `${at} L * *`;
  }
}

/** The rhythm a line says, as far as there is a plainer word for it than the line. */
export function rhythmOf(cron: string): Rhythm {
  const written: Rhythm = { ...WEEKLY, every: "cron", cron };
  const [minute, hour, day, month, weekday] = cron.trim().split(/\s+/) as [string, string, string, string, string];
  if (!/^\d+$/.test(minute) || !/^\d+$/.test(hour) || month !== "*") return written;
  const time = `${hour.padStart(2, "0")}:${minute.padStart(2, "0")}`;
  if (day === "*" && weekday === "*") return { ...written, every: "day", time };
  if (day === "*" && /^(1-5|mon-fri)$/i.test(weekday)) return { ...written, every: "weekdays", time };
  if (day === "*" && /^[0-7](,[0-7])*$/.test(weekday)) return { ...written, every: "week", time, days: weekday.split(",").map((one) => Number(one) || 7) };
  if (weekday === "*" && day === "L") return { ...written, every: "month_end", time };
  if (weekday === "*" && /^\d+$/.test(day)) return { ...written, every: "month", time, day: Number(day) };
  return written;
}
