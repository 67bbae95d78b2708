import { IconArrowDownRight, IconArrowUpRight, IconMinus } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { Kpi } from "../../api/types";
import { useFormat } from "../../ui/format";
import css from "./report.module.css";

export function Kpis({ kpis }: { kpis: Kpi[] }) {
  const { t } = useTranslation();
  return (
    <dl className={css.kpis} aria-label={t("report.key_figures")}>
      {kpis.map((kpi) => (
        <One key={kpi.id} kpi={kpi} />
      ))}
    </dl>
  );
}

function One({ kpi }: { kpi: Kpi }) {
  const { t } = useTranslation();
  const format = useFormat();
  const { comparison } = kpi;
  const change = comparison?.change_pct == null ? null : Number(comparison.change_pct);
  const Arrow = change === null || change === 0 ? IconMinus : change > 0 ? IconArrowUpRight : IconArrowDownRight;
  const size = change === null ? "" : comparison?.change_unit === "points" ? t("report.points", { value: format.number(Math.abs(change)) }) : format.percent(Math.abs(change));
  return (
    <div className={css.kpi}>
      <dt title={kpi.definition ?? undefined}>{kpi.label}</dt>
      <dd>
        <strong title={format.quantity(kpi.value, kpi.unit)}>{format.quantity(kpi.value, kpi.unit, true)}</strong>
        {comparison && change !== null && (
          <span className={css.change} title={`${comparison.label}: ${format.quantity(comparison.value, kpi.unit)}`}>
            <span aria-hidden>
              <Arrow size={15} stroke={2.2} />
              {size}
            </span>
            <span className="hidden">{t(change > 0 ? "report.up" : change < 0 ? "report.down" : "report.same", { pct: size })}</span>
            <small>{comparison.label}</small>
          </span>
        )}
      </dd>
    </div>
  );
}
