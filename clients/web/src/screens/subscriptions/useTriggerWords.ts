import { useTranslation } from "react-i18next";
import type { ReportType, Trigger } from "../../api/reports";
import { useApp } from "../../state/store";
import { useFormat } from "../../ui/format";

/** A trigger in a sentence. */
export function useTriggerWords(types: ReportType[] | undefined): (trigger: Trigger, type: string) => string {
  const { t } = useTranslation();
  const format = useFormat();
  const rooms = useApp((state) => state.rooms);
  return (trigger, type) => {
    switch (trigger.kind) {
      case "kpi": {
        const figure = types?.find((one) => one.type === type)?.kpis.find((one) => one.id === trigger.kpi)?.label ?? trigger.kpi;
        const of = trigger.of === "change" ? t("trigger.says_change", { figure }) : trigger.of === "change_pct" ? t("trigger.says_change_pct", { figure }) : figure;
        return t(`trigger.says_${trigger.direction}`, { figure: of, threshold: format.quantity(trigger.threshold, trigger.of === "change_pct" ? "%" : null) });
      }
      case "order_over":
        return t("trigger.says_order_over", { amount: format.quantity(trigger.amount) });
      case "invoice_overdue":
        return t("trigger.says_invoice_overdue", { count: trigger.days ?? 1, amount: format.quantity(trigger.amount ?? "0") });
      case "stock_below":
        return t("trigger.says_stock_below", { qty: format.quantity(trigger.qty) });
      case "load_failed":
        return t("trigger.load_failed");
      default: {
        const room = trigger.group_id && rooms[trigger.group_id]?.group.name;
        return room ? `${t(`trigger.${trigger.kind}`)}: ${room}` : t(`trigger.${trigger.kind}`);
      }
    }
  };
}
