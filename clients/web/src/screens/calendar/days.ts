/** Days of a calendar, as `2026-11-26`, and what lies on them. Counted in UTC, where every day has 24 hours. */
import type { CalendarItem } from "../../api/types";

export type Day = string;
export type View = "month" | "week" | "list";

const at = (day: Day): Date => new Date(`${day}T00:00:00Z`);
const of = (date: Date): Day => date.toISOString().slice(0, 10);

export function plus(day: Day, days: number): Day {
  const date = at(day);
  date.setUTCDate(date.getUTCDate() + days);
  return of(date);
}

/** The first of the month so many months away. */
export function monthOf(day: Day, months = 0): Day {
  const date = at(day);
  return of(new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + months, 1)));
}

/**
 * The day on which the week of a day begins.
 *
 * @param first the weekday that weeks begin with, 1 for Monday to 7 for Sunday.
 */
export function weekOf(day: Day, first: number): Day {
  const weekday = at(day).getUTCDay() || 7;
  return plus(day, -((weekday - first + 7) % 7));
}

/** The days that a view shows; the second is no longer shown. */
export function spanOf(view: View, day: Day, first: number): [Day, Day] {
  if (view === "week") return [weekOf(day, first), plus(weekOf(day, first), 7)];
  const [start, end] = [monthOf(day), monthOf(day, 1)];
  return view === "list" ? [start, end] : [weekOf(start, first), plus(weekOf(plus(end, -1), first), 7)];
}

export function daysBetween(from: Day, to: Day): Day[] {
  const days: Day[] = [];
  for (let day = from; day < to; day = plus(day, 1)) days.push(day);
  return days;
}

/**
 * The days on which something lies, in a person's time zone.
 *
 * @param dayKey the day of an instant there. What lasts all day has days of its own, which are the same everywhere.
 */
export function daysOf(item: CalendarItem, dayKey: (at: string | number) => Day): Day[] {
  const first = item.all_day && item.local_start ? item.local_start.slice(0, 10) : dayKey(item.start);
  if (!item.end) return [first];
  const last = item.all_day && item.local_end ? plus(item.local_end.slice(0, 10), -1) : dayKey(Date.parse(item.end) - 1);
  return last <= first ? [first] : daysBetween(first, plus(last, 1));
}
