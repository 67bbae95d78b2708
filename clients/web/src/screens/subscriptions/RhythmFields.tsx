import { Chip, Group as Row, Input, NumberInput, Select, SimpleGrid, Stack, TextInput } from "@mantine/core";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import type { Every, Rhythm } from "./rhythm";

const EVERY: Every[] = ["day", "weekdays", "week", "month", "month_end", "cron"];

/** When a report comes, in the words of a calendar. */
export function RhythmFields({ rhythm, change, zone, changeZone }: { rhythm: Rhythm; change: (rhythm: Rhythm) => void; zone: string; changeZone: (zone: string) => void }) {
  const { t } = useTranslation();
  return (
    <Stack gap="sm">
      <SimpleGrid cols={rhythm.every === "cron" ? 1 : 2} spacing="sm">
        <Select label={t("rhythm.every")} data={EVERY.map((value) => ({ value, label: t(`rhythm.${value}`) }))} value={rhythm.every} onChange={(value) => value && change({ ...rhythm, every: value as Every })} allowDeselect={false} />
        {rhythm.every !== "cron" && <TextInput type="time" label={t("rhythm.time")} value={rhythm.time} required withAsterisk={false} onChange={(event) => event.currentTarget.value && change({ ...rhythm, time: event.currentTarget.value })} />}
      </SimpleGrid>
      {rhythm.every === "week" && <Days days={rhythm.days} change={(days) => change({ ...rhythm, days })} />}
      {rhythm.every === "month" && <NumberInput label={t("rhythm.day_of_month")} description={rhythm.day > 28 ? t("rhythm.not_every") : undefined} min={1} max={31} allowDecimal={false} value={rhythm.day} onChange={(value) => Number(value) >= 1 && change({ ...rhythm, day: Number(value) })} />}
      {rhythm.every === "cron" && <TextInput label={t("rhythm.line")} description={t("rhythm.line_text")} value={rhythm.cron} required withAsterisk={false} ff="monospace" onChange={(event) => change({ ...rhythm, cron: event.currentTarget.value })} spellCheck={false} autoCapitalize="off" />}
      <ZoneSelect zone={zone} change={changeZone} />
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

/** From Monday to Sunday. */
export function weekdays(language: string, width: "short" | "long"): string[] {
  const format = new Intl.DateTimeFormat(language, { weekday: width, timeZone: "UTC" });
  return Array.from({ length: 7 }, (_, i) => format.format(new Date(Date.UTC(2024, 0, 1 + i)))); // 1 January 2024 was a Monday
}

export function ZoneSelect({ zone, change }: { zone: string; change: (zone: string) => void }) {
  const { t } = useTranslation();
  const zones = useMemo(() => [...new Set(["UTC", zone, ...Intl.supportedValuesOf("timeZone")])], [zone]);
  return <Select label={t("account.timezone")} data={zones} value={zone} onChange={(value) => value && change(value)} searchable allowDeselect={false} limit={100} />;
}
