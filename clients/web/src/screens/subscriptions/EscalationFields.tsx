import { ActionIcon, Button, Group as Row, NumberInput, Select, Stack, Text } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconPlus, IconX } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Step } from "../../api/reports";
import type { Page, Person } from "../../api/types";
import { get } from "../../session";
import { useApp } from "../../state/store";
import { useNames } from "../../ui/names";

const MOST = 5;
const ROLES = ["owner", "coordinator", "staff"] as const;
const FIRST_MINUTES = 30;
const TYPING_MS = 250;

const word = (to: Step["to"]) => (typeof to === "string" ? `role:${to}` : "user_id" in to ? `user:${to.user_id}` : `room:${to.group_id}`);
function target(value: string): Step["to"] {
  const [kind, id] = value.split(":") as [string, string];
  return kind === "role" ? (id as (typeof ROLES)[number]) : kind === "user" ? { user_id: id } : { group_id: id };
}

/** Who hears of an alert that nobody looks after, and when. */
export function EscalationFields({ room, steps, change }: { room: string | null; steps: Step[]; change: (steps: Step[]) => void }) {
  const { t } = useTranslation();
  const set = (index: number, step: Partial<Step>) => change(steps.map((one, i) => (i === index ? { ...one, ...step } : one)));
  const me = useApp((state) => state.me!.id);
  return (
    <Stack gap="xs">
      <Text size="sm" fw={500}>
        {t("escalation.title")}
      </Text>
      {steps.map((step, i) => (
        <Row key={i} gap="xs" wrap="nowrap" align="end">
          <NumberInput w={120} label={t("escalation.after")} min={(steps[i - 1]?.after_minutes ?? 0) + 1} max={10_080} allowDecimal={false} value={step.after_minutes} onChange={(value) => Number(value) >= 1 && set(i, { after_minutes: Number(value) })} />
          <Who room={room} step={step} change={(to) => set(i, { to })} />
          <ActionIcon aria-label={t("escalation.remove")} onClick={() => change(steps.filter((_, at) => at !== i))}>
            <IconX size={18} />
          </ActionIcon>
        </Row>
      ))}
      {steps.length < MOST && (
        <Button variant="subtle" size="compact-sm" style={{ alignSelf: "start" }} ml={-8} leftSection={<IconPlus size={15} />} onClick={() => change([...steps, { after_minutes: (steps.at(-1)?.after_minutes ?? 0) + FIRST_MINUTES, to: room ? "owner" : { user_id: me } }])}>
          {t("escalation.add")}
        </Button>
      )}
    </Stack>
  );
}

/** A role in the room, another room, or a person, who is searched for. */
function Who({ room, step, change }: { room: string | null; step: Step; change: (to: Step["to"]) => void }) {
  const { t } = useTranslation();
  const name = useNames();
  const rooms = useApp((state) => state.rooms);
  const [search, setSearch] = useState("");
  const [q] = useDebouncedValue(search.trim(), TYPING_MS);
  const { data } = useQuery({ queryKey: ["users", "escalation", q], queryFn: async () => (await get<Page<Person>>(`/users?kind=staff&limit=20${q ? `&q=${encodeURIComponent(q)}` : ""}`)).items });
  const people = (data ?? []).map((one) => ({ value: `user:${one.id}`, label: one.display_name }));
  const chosen = word(step.to);
  if (chosen.startsWith("user:") && !people.some((one) => one.value === chosen)) people.unshift({ value: chosen, label: name(chosen.slice(5)) });
  const groups = [
    ...(room ? [{ group: t("escalation.roles"), items: ROLES.map((one) => ({ value: `role:${one}`, label: t(`escalation.${one}`) })) }] : []),
    { group: t("list.title"), items: Object.values(rooms).filter((one) => !one.group.ended_at && one.group.id !== room).map(({ group }) => ({ value: `room:${group.id}`, label: group.name })) },
    { group: t("admin.people"), items: people },
  ];
  return <Select flex={1} label={t("escalation.to")} data={groups.filter((one) => one.items.length > 0)} value={chosen} onChange={(value) => value && change(target(value))} searchable onSearchChange={setSearch} allowDeselect={false} maxDropdownHeight={300} />;
}
