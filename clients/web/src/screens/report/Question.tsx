import { Button, Collapse, MultiSelect, Select, SimpleGrid, Stack, TagsInput, TextInput } from "@mantine/core";
import { IconAdjustmentsHorizontal } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Choice, Filter, Filters, Period, Question, ReportType, Source } from "../../api/reports";
import { get } from "../../session";
import { useApp } from "../../state/store";
import { ChoiceField } from "./ChoiceField";

const DEFAULT = "last_12_months";
/** Not a name of the server: dates follow. */
const CUSTOM = "custom";

export const FIRST: Omit<Question, "type"> = { period: { name: DEFAULT }, filters: {} };

interface Props {
  types: ReportType[];
  question: Question;
  change: (question: Question) => void;
  /** Where the type is settled already. */
  fixed?: boolean;
}

/** What a report is asked for with: its type, source, period, and what narrows it. */
export function QuestionFields({ types, question, change, fixed = false }: Props) {
  const { t } = useTranslation();
  const staff = useApp((state) => state.me?.kind === "staff");
  const sources = useQuery({ queryKey: ["sources"], queryFn: async () => (await get<{ items: Source[] }>("/sources")).items, enabled: staff });
  const type = types.find((one) => one.type === question.type);
  const set = Object.keys(question.filters).length;
  const [open, setOpen] = useState(set > 0);
  const put = (id: string, value: Filters[string] | null) => {
    const { [id]: _, ...rest } = question.filters;
    change({ ...question, filters: value === null || value.length === 0 ? rest : { ...rest, [id]: value } });
  };
  return (
    <Stack>
      {!fixed && (
        <Select label={t("report.type")} data={types.map((one) => ({ value: one.type, label: t(`report_type.${one.type}`, one.title) }))} value={question.type} onChange={(value) => value && change({ ...question, type: value, filters: {} })} allowDeselect={false} data-autofocus />
      )}
      {sources.data && sources.data.length > 1 && (
        <Select label={t("question.source")} data={sources.data.map((one) => ({ value: one.name, label: one.title }))} value={question.source ?? sources.data[0]!.name} onChange={(value) => change({ ...question, source: value, filters: {} })} allowDeselect={false} />
      )}
      <PeriodFields names={type?.periods ?? [DEFAULT]} period={question.period} change={(period) => change({ ...question, period })} />
      {type && type.filters.length > 0 && (
        <div>
          <Button variant="subtle" size="compact-sm" ml={-8} leftSection={<IconAdjustmentsHorizontal size={16} />} aria-expanded={open} onClick={() => setOpen(!open)}>
            {set ? t("question.narrowed", { count: set }) : t("question.narrow")}
          </Button>
          <Collapse expanded={open}>
            <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm" verticalSpacing="sm" mt="xs">
              {type.filters.map((filter) => (
                <FilterField key={`${question.type} ${filter.id}`} question={question} filter={filter} value={question.filters[filter.id]} put={(value) => put(filter.id, value)} />
              ))}
            </SimpleGrid>
          </Collapse>
        </div>
      )}
    </Stack>
  );
}

export function PeriodFields({ names, period, change }: { names: string[]; period: Period; change: (period: Period) => void }) {
  const { t } = useTranslation();
  const custom = "from" in period;
  return (
    <>
      <Select
        label={t("report.period")}
        data={[...names, CUSTOM].map((value) => ({ value, label: t(`period.${value}`) }))}
        value={custom ? CUSTOM : period.name}
        onChange={(value) => value && change(value === CUSTOM ? thisYear() : { name: value })}
        allowDeselect={false}
        maxDropdownHeight={340}
      />
      {custom && (
        <SimpleGrid cols={2} spacing="sm">
          {(["from", "to"] as const).map((edge) => (
            <TextInput key={edge} type="date" label={t(`period.${edge}`)} required withAsterisk={false} value={period[edge]} min={edge === "to" ? period.from : undefined} onChange={(event) => change({ ...period, [edge]: event.currentTarget.value })} />
          ))}
        </SimpleGrid>
      )}
    </>
  );
}

function thisYear(): Period {
  const today = new Date();
  const iso = (month: number, day: number) => `${today.getFullYear()}-${String(month).padStart(2, "0")}-${String(day).padStart(2, "0")}`;
  return { from: iso(1, 1), to: iso(today.getMonth() + 1, today.getDate()) };
}

/** A filter as its type declares it. */
function FilterField({ question, filter, value, put }: { question: Question; filter: Filter; value: Filters[string] | undefined; put: (value: Filters[string] | null) => void }) {
  const { t, i18n } = useTranslation();
  const label = t(`filter.${filter.id}`, filter.id);
  const named = (choice: Choice) => words(choice, filter.id, t, i18n.language);
  const [days, setDays] = useState(Array.isArray(value) ? value.join(", ") : "");
  if (filter.kind === "choices") return <MultiSelect label={label} data={filter.choices?.map((choice) => ({ value: choice.value, label: named(choice) })) ?? []} value={(value as string[]) ?? []} onChange={put} placeholder={value ? undefined : t("question.all")} searchable clearable />;
  if (filter.kind === "codes") return <TagsInput label={label} value={(value as string[]) ?? []} onChange={put} placeholder={t("question.codes")} clearable />;
  if (filter.kind === "date") return <TextInput type="date" label={label} value={(value as string) ?? ""} onChange={(event) => put(event.currentTarget.value || null)} />;
  if (filter.kind === "days")
    return (
      <TextInput
        label={label}
        value={days}
        placeholder="30, 60, 90"
        inputMode="numeric"
        onChange={(event) => {
          setDays(event.currentTarget.value);
          put((event.currentTarget.value.match(/\d+/g) ?? []).map(Number));
        }}
      />
    );
  const placeholder = t(filter.id === "compare" ? "compare.year_before" : "question.all");
  return <ChoiceField type={question.type} source={question.source} filter={filter} label={label} placeholder={placeholder} value={(value as string) ?? null} put={put} named={named} />;
}

const OURS = ["compare", "age_from", "due_today"];

/** Words of the source are as they are; ours, countries and currencies have names in every language. */
function words(choice: Choice, filter: string, t: (key: string) => string, language: string): string {
  if (OURS.includes(filter)) return t(`${filter}.${choice.value}`);
  const kind = filter === "country" && /^[A-Z]{2}$/.test(choice.value) ? "region" : filter === "currency" ? "currency" : null;
  const name = kind && new Intl.DisplayNames(language, { type: kind }).of(choice.value);
  return name && name !== choice.value ? `${name} (${choice.value})` : choice.label;
}

/** The filters of a report in words, for its head and for lists. */
export function useFilterWords(): (filters: Filters | undefined) => string[] {
  const { t, i18n } = useTranslation();
  return (filters) =>
    Object.entries(filters ?? {})
      .filter(([id]) => id !== "compare")
      .map(([id, value]) => `${t(`filter.${id}`, id)}: ${(Array.isArray(value) ? value : [value]).map((one) => words({ value: String(one), label: String(one) }, id, t, i18n.language)).join(", ")}`);
}

export function periodWords(period: Period | { name?: string } | null | undefined, t: (key: string) => string, date: (iso: string) => string): string {
  if (!period) return "";
  if ("from" in period && period.from) return `${date(period.from)} – ${date(period.to)}`;
  const name = "name" in period ? period.name : undefined;
  return name ? t(`period.${name}`) : "";
}
