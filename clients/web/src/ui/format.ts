import i18next from "i18next";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { closest, laterWords } from "../i18n";
import { useApp } from "../state/store";
import { Problem } from "../api/http";

/** Dates and numbers as the person reads them: their language, their time zone. */
export function useFormat() {
  const { i18n } = useTranslation();
  const zone = useApp((state) => state.me?.timezone) ?? undefined;
  return useMemo(() => formats(i18n.language, zone), [i18n.language, zone]);
}

/** Units of time with their seconds. */
const AGO = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
  ["second", 1],
] as const;

const made = new Map<string, Format>();

/** Made once: a formatter of dates costs more than the message whose time it writes. */
export function formats(spoken: string, zone?: string): Format {
  const key = `${spoken} ${zone}`;
  const known = made.get(key) ?? make(spoken, zone);
  made.set(key, known);
  return known;
}

function make(spoken: string, zone?: string) {
  // The same language as the browser's, with its region: whether a day has 24 hours or twice 12 is a matter of place.
  const language = navigator.languages.find((tag) => closest(tag) === spoken) ?? spoken;
  const date = (options: Intl.DateTimeFormatOptions) => {
    try {
      return new Intl.DateTimeFormat(language, { ...options, timeZone: zone });
    } catch {
      return new Intl.DateTimeFormat(language, options); // a zone this browser does not know
    }
  };
  const hours = date({ hour: "numeric", minute: "2-digit" });
  const days = date({ weekday: "long", day: "numeric", month: "long" });
  const years = date({ day: "numeric", month: "long", year: "numeric" });
  const months = date({ month: "long", year: "numeric" });
  const weekdays = date({ weekday: "short" });
  const short = date({ day: "numeric", month: "short" });
  const full = date({ dateStyle: "medium", timeStyle: "short" });
  const past = new Intl.RelativeTimeFormat(language, { numeric: "auto" });
  const keys = new Intl.DateTimeFormat("en-CA", { timeZone: date({}).resolvedOptions().timeZone });
  const number = (value: string | number, options: Intl.NumberFormatOptions) => new Intl.NumberFormat(language, options).format(value as number);
  const percent = (value: number) => number(value / 100, { style: "percent", maximumFractionDigits: 1 });
  return {
    time: (at: string) => hours.format(new Date(at)),
    moment: (at: string) => full.format(new Date(at)),
    /** How long ago, in the largest unit that says it: "5 minutes ago". */
    ago(at: string): string {
      const seconds = (new Date(at).getTime() - Date.now()) / 1000;
      const [unit, size] = AGO.find(([, size]) => Math.abs(seconds) >= size) ?? AGO.at(-1)!;
      return past.format(Math.round(seconds / size), unit);
    },
    /** A day as one word to compare by. */
    dayKey: (at: string | number) => keys.format(new Date(at)),
    day: (at: string) => (new Date(at).getFullYear() === new Date().getFullYear() ? days : years).format(new Date(at)),
    weekday: (at: string) => weekdays.format(new Date(at)),
    month: (at: string) => months.format(new Date(at)),
    short: (at: string) => short.format(new Date(at)),
    /** A calendar day that belongs to no time zone, such as the end of a period. */
    date: (iso: string) => new Intl.DateTimeFormat(language, { dateStyle: "medium", timeZone: "UTC" }).format(new Date(iso)),
    /** A decimal string with its unit: an ISO 4217 currency, `%`, `days`, or a bare count. */
    quantity(value: string | null, unit?: string | null, compact = false): string {
      if (value === null || value === "") return "–";
      const size = compact ? Math.abs(Number(value)) : 0;
      const few: Intl.NumberFormatOptions = size >= 100_000 ? { notation: "compact", maximumFractionDigits: 2 } : {};
      if (unit && /^[A-Z]{3}$/.test(unit)) {
        const whole = size >= 1_000 && size < 100_000 ? { maximumFractionDigits: 0 } : few;
        return number(value, { style: "currency", currency: unit, currencyDisplay: "narrowSymbol", ...whole });
      }
      if (unit === "%") return percent(Number(value));
      const plain = number(value, { maximumFractionDigits: 2, ...few });
      return unit && unit !== "count" ? `${plain} ${unit}` : plain;
    },
    /** Bytes as people say them. */
    size(bytes: number): string {
      const [value, unit] = bytes < 1e6 ? [bytes / 1e3, "kilobyte"] : [bytes / 1e6, "megabyte"];
      return number(Math.max(value, 0.1), { style: "unit", unit, maximumFractionDigits: value < 10 ? 1 : 0 });
    },
    degrees: (value: number) => number(value, { minimumFractionDigits: 4, maximumFractionDigits: 4 }),
    number: (value: number) => number(value, { maximumFractionDigits: 1 }),
    percent,
  };
}
export type Format = ReturnType<typeof make>;

/** What a refusal says to a person: our words for the codes we know, else the server's own. */
export function problemWords(problem: unknown): string {
  if (!(problem instanceof Problem)) return i18next.t("problem.other");
  const count = Math.ceil(problem.retryAfter ?? 1);
  if (!i18next.exists(`problem.${problem.code}`, { count })) void laterWords().catch(() => {}); // the server's own words will do
  const msg = problem.errors[0]?.msg;
  if (i18next.exists(`problem.${problem.code}`, { count })) {
    const words = i18next.t(`problem.${problem.code}`, { count });
    return problem.code.startsWith("invalid_") && msg ? `${words} ${msg}` : words; // what of it, the server alone can say
  }
  return msg ?? (problem.message || i18next.t("problem.other"));
}

/** The same, where it is drawn: it changes with the language. */
export function useProblem() {
  useTranslation();
  return problemWords;
}
