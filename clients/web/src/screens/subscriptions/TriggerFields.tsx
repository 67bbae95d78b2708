import { NumberInput, Select, SimpleGrid, Stack } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { ReportType, Trigger, TriggerKind } from "../../api/reports";
import { useApp } from "../../state/store";

const DEFAULT_AMOUNT = "10000";
const DEFAULT_REARM_MINUTES = 60;
/** The types of report that a trigger goes with, where not with all. */
const OF_TYPES: Partial<Record<TriggerKind, string[]>> = {
  order_over: ["sales", "purchasing"],
  invoice_overdue: ["receivables", "payables"],
  stock_below: ["sales", "purchasing", "production"],
};
const KINDS: TriggerKind[] = ["kpi", "order_over", "invoice_overdue", "stock_below", "load_failed", "task_overdue", "group_ended"];

export function firstTrigger(kind: TriggerKind, type: ReportType): Trigger {
  switch (kind) {
    case "kpi":
      return { kind, kpi: type.kpis[0]?.id ?? "", direction: "above", threshold: DEFAULT_AMOUNT, of: "value", rearm_minutes: DEFAULT_REARM_MINUTES };
    case "order_over":
      return { kind, amount: DEFAULT_AMOUNT };
    case "invoice_overdue":
      return { kind, days: 14, amount: "0" };
    case "stock_below":
      return { kind, qty: "10" };
    default:
      return { kind };
  }
}

/** Whether this trigger can go with this type of report. */
export const fits = (trigger: Trigger, type: ReportType) => (OF_TYPES[trigger.kind]?.includes(type.type) ?? true) && (trigger.kind !== "kpi" || type.kpis.some((one) => one.id === trigger.kpi));

/** What has to come about for a report to be sent. */
export function TriggerFields({ type, trigger, change }: { type: ReportType; trigger: Trigger; change: (trigger: Trigger) => void }) {
  const { t } = useTranslation();
  const kinds = KINDS.filter((kind) => OF_TYPES[kind]?.includes(type.type) ?? true);
  return (
    <Stack gap="sm">
      <Select label={t("trigger.kind")} data={kinds.map((value) => ({ value, label: t(`trigger.${value}`) }))} value={trigger.kind} onChange={(value) => value && change(firstTrigger(value as TriggerKind, type))} allowDeselect={false} maxDropdownHeight={300} />
      {trigger.kind === "kpi" && <Kpi type={type} trigger={trigger} change={change} />}
      {trigger.kind === "order_over" && <Amount label={t("trigger.amount")} value={trigger.amount} change={(amount) => change({ ...trigger, amount })} />}
      {trigger.kind === "invoice_overdue" && (
        <SimpleGrid cols={2} spacing="sm">
          <NumberInput label={t("trigger.days")} min={1} max={3650} allowDecimal={false} value={trigger.days ?? 1} onChange={(value) => Number(value) >= 1 && change({ ...trigger, days: Number(value) })} />
          <Amount label={t("trigger.at_least")} value={trigger.amount ?? "0"} change={(amount) => change({ ...trigger, amount })} />
        </SimpleGrid>
      )}
      {trigger.kind === "stock_below" && <Amount label={t("trigger.qty")} value={trigger.qty} change={(qty) => change({ ...trigger, qty })} />}
      {(trigger.kind === "task_overdue" || trigger.kind === "group_ended") && <Which trigger={trigger} change={change} />}
    </Stack>
  );
}

function Kpi({ type, trigger, change }: { type: ReportType; trigger: Extract<Trigger, { kind: "kpi" }>; change: (trigger: Trigger) => void }) {
  const { t } = useTranslation();
  const of = trigger.of ?? "value";
  return (
    <>
      <Select label={t("trigger.figure")} data={type.kpis.map((one) => ({ value: one.id, label: one.label }))} value={trigger.kpi} onChange={(kpi) => kpi && change({ ...trigger, kpi })} allowDeselect={false} searchable={type.kpis.length > 8} />
      <Select label={t("trigger.of")} data={["value", "change", "change_pct"].map((value) => ({ value, label: t(`trigger.of_${value}`) }))} value={of} onChange={(value) => value && change({ ...trigger, of: value as typeof of })} allowDeselect={false} />
      <SimpleGrid cols={2} spacing="sm">
        <Select label={t("trigger.direction")} data={["above", "below"].map((value) => ({ value, label: t(`trigger.${value}`) }))} value={trigger.direction} onChange={(value) => value && change({ ...trigger, direction: value as "above" | "below" })} allowDeselect={false} />
        <Amount label={t("trigger.threshold")} value={trigger.threshold} change={(threshold) => change({ ...trigger, threshold })} negative />
        <Amount label={t("trigger.hysteresis")} value={trigger.hysteresis ?? "0"} change={(hysteresis) => change({ ...trigger, hysteresis })} />
        <NumberInput label={t("trigger.rearm")} min={0} max={43_200} allowDecimal={false} value={trigger.rearm_minutes ?? 0} onChange={(value) => change({ ...trigger, rearm_minutes: Number(value) || 0 })} />
      </SimpleGrid>
    </>
  );
}

/** A decimal number, kept as the text it is sent as. */
function Amount({ label, value, change, negative = false }: { label: string; value: string; change: (value: string) => void; negative?: boolean }) {
  return <NumberInput label={label} value={value} onChange={(next) => change(String(next))} allowNegative={negative} decimalScale={2} thousandSeparator="," required withAsterisk={false} hideControls />;
}

function Which({ trigger, change }: { trigger: Extract<Trigger, { group_id?: string }>; change: (trigger: Trigger) => void }) {
  const { t } = useTranslation();
  const rooms = useApp((state) => state.rooms);
  const open = Object.values(rooms).filter(({ group }) => !group.ended_at && (trigger.kind !== "task_overdue" || group.catalogue === "task"));
  return (
    <Select
      label={t("trigger.which")}
      data={[{ value: "", label: t("trigger.any") }, ...open.map(({ group }) => ({ value: group.id, label: group.name }))]}
      value={trigger.group_id ?? ""}
      onChange={(id) => change(id ? { kind: trigger.kind, group_id: id } : { kind: trigger.kind })}
      allowDeselect={false}
      searchable={open.length > 7}
    />
  );
}
