import { useTranslation } from "react-i18next";
import type { Schedule } from "../../api/reports";
import { weekdays } from "./RhythmFields";
import { rhythmOf } from "./rhythm";

/** A schedule in a sentence. The time is of the schedule's own zone. */
export function useRhythmWords(): (schedule: Schedule) => string {
  const { t, i18n } = useTranslation();
  return (schedule) => {
    const minutes = /^\*(?:\/(\d+))?( \*){4}$/.exec(schedule.cron);
    if (minutes) return t("rhythm.says_minutes", { count: Number(minutes[1] ?? 1) });
    const { every, time, days, day, nth, cron, off, await_load } = rhythmOf(schedule);
    const names = weekdays(i18n.language, "long");
    const list = new Intl.ListFormat(i18n.language).format(days.map((one) => names[one - 1]!));
    const which = t(nth < 0 ? "rhythm.nth_from_end" : "rhythm.nth_day", { count: Math.abs(nth), ordinal: true });
    const parts = [t(`rhythm.says_${every}`, { time, days: list, day, cron, which }), off && t(`rhythm.off_${off}`), await_load && t("rhythm.says_await")];
    return `${parts.filter(Boolean).join("; ")} (${schedule.timezone})`;
  };
}
