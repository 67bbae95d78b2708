import { useTranslation } from "react-i18next";
import { weekdays } from "./RhythmFields";
import { rhythmOf } from "./rhythm";

/** A schedule in a sentence. The time is of the schedule's own zone. */
export function useRhythmWords(): (schedule: { cron: string; timezone: string }) => string {
  const { t, i18n } = useTranslation();
  return ({ cron, timezone }) => {
    const minutes = /^\*(?:\/(\d+))?( \*){4}$/.exec(cron);
    if (minutes) return t("rhythm.says_minutes", { count: Number(minutes[1] ?? 1) });
    const { every, time, days, day } = rhythmOf(cron);
    const names = weekdays(i18n.language, "long");
    const list = new Intl.ListFormat(i18n.language).format(days.map((one) => names[one - 1]!));
    return `${t(`rhythm.says_${every}`, { time, days: list, day, cron })} (${timezone})`;
  };
}
