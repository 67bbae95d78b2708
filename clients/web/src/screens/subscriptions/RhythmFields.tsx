import { Chip, Group as Row, Input, NumberInput, Select, SimpleGrid, Stack, Switch, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { get } from "../../session";
import type { Every, Rhythm } from "./rhythm";

const EVERY: Every[] = ["day", "weekdays", "week", "month", "month_end", "nth", "cron"];
const NTH = [1, 2, 3, 4, 5, 10, -3, -2, -1];
const OFF = ["", "next", "previous", "only"];

interface Props {
  rhythm: Rhythm;
  change: (rhythm: Rhythm) => void;
  zone: string;
  changeZone: (zone: string) => void;
}

/** When a report comes, in the words of a calendar. */
export function RhythmFields({ rhythm, change, zone, changeZone }: Props) {
  const { t } = useTranslation();
  const { every } = rhythm;
  return (
    <Stack gap="sm">
      <SimpleGrid cols={every === "cron" ? 1 : 2} spacing="sm">
        <Select label={t("rhythm.every")} data={EVERY.map((value) => ({ value, label: t(`rhythm.${value}`) }))} value={every} onChange={(value) => value && change({ ...rhythm, every: value as Every, off: value === "weekdays" ? null : rhythm.off })} allowDeselect={false} maxDropdownHeight={300} />
        {every !== "cron" && <TextInput type="time" label={t(rhythm.await_load ? "rhythm.latest" : "rhythm.time")} value={rhythm.time} required withAsterisk={false} onChange={(event) => event.currentTarget.value && change({ ...rhythm, time: event.currentTarget.value })} />}
      </SimpleGrid>
      {every === "week" && <Days days={rhythm.days} change={(days) => change({ ...rhythm, days })} />}
      {every === "month" && <NumberInput label={t("rhythm.day_of_month")} description={rhythm.day > 28 ? t("rhythm.not_every") : undefined} min={1} max={31} allowDecimal={false} value={rhythm.day} onChange={(value) => Number(value) >= 1 && change({ ...rhythm, day: Number(value) })} />}
      {every === "nth" && <Select label={t("rhythm.which")} data={NTH.map((one) => ({ value: String(one), label: t(one < 0 ? "rhythm.nth_from_end" : "rhythm.nth_day", { count: Math.abs(one), ordinal: true }) }))} value={String(rhythm.nth)} onChange={(value) => value && change({ ...rhythm, nth: Number(value) })} allowDeselect={false} />}
      {every === "cron" && <TextInput label={t("rhythm.line")} description={t("rhythm.line_text")} value={rhythm.cron} required withAsterisk={false} ff="monospace" onChange={(event) => change({ ...rhythm, cron: event.currentTarget.value })} spellCheck={false} autoCapitalize="off" />}
      {every !== "nth" && every !== "weekdays" && <Select label={t("rhythm.off")} data={OFF.map((value) => ({ value, label: t(`rhythm.off_${value || "stay"}`) }))} value={rhythm.off ?? ""} onChange={(value) => change({ ...rhythm, off: (value || null) as Rhythm["off"] })} allowDeselect={false} />}
      {(every === "nth" || rhythm.off) && <Country value={rhythm.country} change={(country) => change({ ...rhythm, country })} />}
      <ZoneSelect zone={zone} change={changeZone} />
      <Switch label={t("rhythm.await_load")} description={t("rhythm.await_load_text")} checked={rhythm.await_load} onChange={(event) => change({ ...rhythm, await_load: event.currentTarget.checked })} />
    </Stack>
  );
}

function Days({ days, change }: { days: number[]; change: (days: number[]) => void }) {
  const { t, i18n } = useTranslation();
  const names = useMemo(() => weekdays(i18n.language, "short"), [i18n.language]);
  return (
    <Input.Wrapper label={t("rhythm.days")} labelElement="div">
      <Row gap={6} mt={4} role="group" aria-label={t("rhythm.days")}>
        <Chip.Group multiple value={days.map(String)} onChange={(chosen) => chosen.length > 0 && change(chosen.map(Number))}>
          {names.map((name, i) => (
            <Chip key={name} value={String(i + 1)} size="sm" radius="xl">
              {name}
            </Chip>
          ))}
        </Chip.Group>
      </Row>
    </Input.Wrapper>
  );
}

/** Whose holidays are days off. */
function Country({ value, change }: { value: string | null; change: (country: string | null) => void }) {
  const { t, i18n } = useTranslation();
  const { data } = useQuery({ queryKey: ["countries"], queryFn: async () => (await get<{ items: { country: string }[] }>("/subscriptions/countries")).items, staleTime: Infinity });
  const names = useMemo(() => new Intl.DisplayNames(i18n.language, { type: "region" }), [i18n.language]);
  const all = (data ?? []).map(({ country }) => ({ value: country, label: names.of(country) ?? country })).sort((a, b) => a.label.localeCompare(b.label, i18n.language));
  return <Select label={t("rhythm.country")} placeholder={t("rhythm.no_country")} data={all} value={value} onChange={change} searchable clearable limit={100} />;
}

/** From Monday to Sunday. */
export function weekdays(language: string, width: "short" | "long"): string[] {
  const format = new Intl.DateTimeFormat(language, { weekday: width, timeZone: "UTC" });
  return Array.from({ length: 7 }, (_, i) => format.format(new Date(Date.UTC(2024, 0, 1 + i)))); // 1 January 2024 was a Monday
}

function ZoneSelect({ zone, change }: { zone: string; change: (zone: string) => void }) {
  const { t } = useTranslation();
  const zones = useMemo(() => [...new Set(["UTC", zone, ...Intl.supportedValuesOf("timeZone")])], [zone]);
  return <Select label={t("account.timezone")} data={zones} value={zone} onChange={(value) => value && change(value)} searchable allowDeselect={false} limit={100} />;
}
