import { IconArrowDownRight, IconArrowUpRight, IconMinus } from "@tabler/icons-react";
import type { TFunction } from "i18next";
import { useTranslation } from "react-i18next";
import type { Comparison, Kpi } from "../../api/types";
import { type Format, useFormat } from "../../ui/format";
import css from "./report.module.css";

export function Kpis({ kpis, all = false }: { kpis: Kpi[]; all?: boolean }) {
  const { t } = useTranslation();
  return (
    <dl className={css.kpis} aria-label={t("report.key_figures")}>
      {kpis.map((kpi) => (
        <One key={kpi.id} kpi={kpi} all={all} />
      ))}
    </dl>
  );
}

function One({ kpi, all }: { kpi: Kpi; all: boolean }) {
  const format = useFormat();
  const first = kpi.comparison;
  // Of twelve months the previous period is the year before.
  const others = all ? (kpi.comparisons ?? []).filter((one) => one.id !== first?.id && one.value !== first?.value) : [];
  return (
    <div className={css.kpi}>
      <dt title={kpi.definition ?? undefined}>{kpi.label}</dt>
      <dd>
        <strong title={format.quantity(kpi.value, unitOf(kpi))}>{format.quantity(kpi.value, unitOf(kpi), true)}</strong>
        {[...(first ? [first] : []), ...others].map((one) => (
          <Change key={one.id ?? one.label} kpi={kpi} comparison={one} />
        ))}
      </dd>
    </div>
  );
}

/** Which way it went, in an arrow, a number and words; whether that is good is a colour on top. */
export function Change({ kpi, comparison }: { kpi: Kpi; comparison: Comparison }) {
  const { t } = useTranslation();
  const format = useFormat();
  if (comparison.change_pct === null) return null;
  const change = Number(comparison.change_pct);
  const Arrow = change === 0 ? IconMinus : change > 0 ? IconArrowUpRight : IconArrowDownRight;
  const size = changeSize(comparison, format, t);
  const good = !kpi.better || change === 0 ? undefined : change > 0 === (kpi.better === "higher");
  return (
    <span className={css.change} title={`${comparison.label}: ${format.quantity(comparison.value, unitOf(kpi))}`}>
      <span aria-hidden data-good={good}>
        <Arrow size={15} stroke={2.2} />
        {size}
      </span>
      <span className="hidden">{t(change > 0 ? "report.up" : change < 0 ? "report.down" : "report.same", { pct: size })}</span>
      <small>{comparison.label}</small>
    </span>
  );
}

function changeSize(comparison: Comparison, format: Format, t: TFunction): string {
  const size = Math.abs(Number(comparison.change_pct));
  return comparison.change_unit === "points" ? t("report.points", { value: format.number(size) }) : format.percent(size);
}

/** The unit as numbers are written with it. */
export function unitOf(kpi: Kpi): string {
  return /^([A-Z]{3}|%)$/.test(kpi.unit ?? "") ? kpi.unit! : (kpi.unit_label ?? (kpi.unit === "ratio" || !kpi.unit ? "count" : kpi.unit));
}
