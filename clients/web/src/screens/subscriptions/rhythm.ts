import type { Schedule, WorkingDays } from "../../api/reports";

/** A schedule as people say it, and as the server has it. */
export type Every = "day" | "weekdays" | "week" | "month" | "month_end" | "nth" | "cron";
export interface Rhythm {
  every: Every;
  /** HH:MM, in the schedule's time zone. */
  time: string;
  /** Of the week: 1 is Monday, 7 Sunday. */
  days: number[];
  /** Of the month. Later ones are not in every month. */
  day: number;
  /** The so-manieth working day of the month; -1 is the last. */
  nth: number;
  /** What the person wrote. */
  cron: string;
  /** What becomes of a time on a day off; null: it stays. */
  off: Exclude<WorkingDays["rule"], "nth"> | null;
  /** Whose holidays are days off, beside weekends; null: none. */
  country: string | null;
  await_load: boolean;
}

export const WEEKLY: Rhythm = { every: "week", time: "08:00", days: [1], day: 1, nth: 1, cron: "0 8 * * 1", off: null, country: null, await_load: false };

export function cronOf({ every, time, days, day, cron }: Rhythm): string {
  if (every === "cron") return cron.trim().replace(/\s+/g, " ");
  const [hour, minute] = time.split(":").map(Number);
  const at = `${minute} ${hour}`;
  switch (every) {
    case "day":
    case "nth":
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

export function scheduleOf(rhythm: Rhythm, timezone: string): Schedule {
  const rule = rhythm.every === "nth" ? "nth" : rhythm.off;
  const working: WorkingDays | null = rule && { rule, ...(rule === "nth" ? { nth: rhythm.nth } : {}), ...(rhythm.country ? { country: rhythm.country } : {}) };
  return { cron: cronOf(rhythm), timezone, ...(working ? { working_days: working } : {}), ...(rhythm.await_load ? { await_load: true } : {}) };
}

/** The rhythm of a schedule, as far as there is a plainer word for it than its cron line. */
export function rhythmOf({ cron, working_days: working, await_load = false }: Schedule): Rhythm {
  const rule = working?.rule;
  const base = { ...WEEKLY, cron, off: rule && rule !== "nth" ? rule : null, country: working?.country ?? null, await_load };
  const found = plain(cron);
  if (rule !== "nth") return { ...base, ...found };
  return found.every === "day" ? { ...base, ...found, every: "nth", nth: working!.nth ?? 1 } : { ...base, every: "cron" };
}

function plain(cron: string): Partial<Rhythm> & { every: Every } {
  const [minute, hour, day, month, weekday] = cron.trim().split(/\s+/) as [string, string, string, string, string];
  if (!/^\d+$/.test(minute) || !/^\d+$/.test(hour) || month !== "*") return { every: "cron" };
  const time = `${hour.padStart(2, "0")}:${minute.padStart(2, "0")}`;
  if (day === "*" && weekday === "*") return { every: "day", time };
  if (day === "*" && /^(1-5|mon-fri)$/i.test(weekday)) return { every: "weekdays", time };
  if (day === "*" && /^[0-7](,[0-7])*$/.test(weekday)) return { every: "week", time, days: weekday.split(",").map((one) => Number(one) || 7) };
  if (weekday === "*" && day === "L") return { every: "month_end", time };
  if (weekday === "*" && /^\d+$/.test(day)) return { every: "month", time, day: Number(day) };
  return { every: "cron" };
}
