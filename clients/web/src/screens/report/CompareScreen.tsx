import { ActionIcon } from "@mantine/core";
import { IconX } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { Link, useLocation } from "wouter";
import type { Chart, Kpi, Report } from "../../api/types";
import { useFormat } from "../../ui/format";
import { useEscape } from "../../ui/useEscape";
import { Figure } from "./Figure";
import { InTheMaking, NotShown } from "./InTheMaking";
import { Change, unitOf } from "./Kpis";
import { periodWords } from "./Question";
import { HeadWords } from "./ReportScreen";
import css from "./report.module.css";
import { useAnew } from "./useAnew";
import { useReport } from "./useReports";

/** Two reports of a kind beside each other: their key figures with the difference, and chart by chart. */
export default function CompareScreen({ ids }: { ids: [string, string] }) {
  const { t } = useTranslation();
  const [, go] = useLocation();
  const back = `/reports/${ids[0]}`;
  const left = useReport(ids[0]);
  const right = useReport(ids[1]);
  const anew = useAnew(back);
  useEscape(() => go(back));
  const missing = [left, right].find((one) => one.data?.status !== "ready");
  return (
    <main className={css.screen}>
      <header className={css.screenHead}>
        <div>
          <h1>{t("compare.title")}</h1>
          <p>{left.data && t(`report_type.${left.data.type}`)}</p>
        </div>
        <ActionIcon component={Link} href={back} size={44} aria-label={t("report.close")}>
          <IconX size={24} stroke={1.8} />
        </ActionIcon>
      </header>
      {!missing ? <Both left={left.data!} right={right.data!} /> : missing.data ? <InTheMaking report={missing.data} anew={anew} /> : <NotShown query={missing} />}
    </main>
  );
}

function Both({ left, right }: { left: Report; right: Report }) {
  const { t } = useTranslation();
  const format = useFormat();
  const names = [left, right].map((one) => periodWords(one.period?.from ? { from: one.period.from, to: one.period.to! } : one.period, t, format.date));
  // The same period twice: what tells them apart is when they were made.
  const heads = names[0] === names[1] ? [left, right].map((one) => (one.as_of ? format.moment(one.as_of) : one.title)) : names;
  return (
    <div className={css.body}>
      <section className={css.panel}>
        <h2>{t("report.key_figures")}</h2>
        <div className={css.table} tabIndex={0} role="region" aria-label={t("report.key_figures")}>
          <table>
            <thead>
              <tr>
                <th scope="col" data-kind="text">
                  <span className="hidden">{t("report.key_figures")}</span>
                </th>
                {[...heads, t("compare.difference")].map((head, i) => (
                  <th key={i} scope="col">
                    {head}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {left.kpis.map((kpi) => (
                <Line key={kpi.id} kpi={kpi} other={right.kpis.find((one) => one.id === kpi.id)} />
              ))}
            </tbody>
          </table>
        </div>
        <p className={css.note}>
          <HeadWords report={left} />
          <br />
          <HeadWords report={right} />
        </p>
      </section>
      {left.charts.map((chart) => (
        <Pair key={chart.id} charts={[chart, right.charts.find((one) => one.id === chart.id)]} heads={heads} />
      ))}
    </div>
  );
}

function Line({ kpi, other }: { kpi: Kpi; other?: Kpi }) {
  const { t } = useTranslation();
  const format = useFormat();
  const points = kpi.unit === "%";
  const [now, then] = [kpi.value, other?.value].map((value) => (value == null ? NaN : Number(value))) as [number, number];
  const change = points ? now - then : ((now - then) / Math.abs(then)) * 100;
  // Money of different currencies has no difference.
  const comparable = Number.isFinite(change) && kpi.unit === other?.unit;
  return (
    <tr>
      <th scope="row" data-kind="text" title={kpi.definition ?? undefined}>
        {kpi.label}
      </th>
      <td>{format.quantity(kpi.value, unitOf(kpi))}</td>
      <td>{format.quantity(other?.value ?? null, other ? unitOf(other) : null)}</td>
      <td>{comparable ? <Change kpi={kpi} comparison={{ label: "", value: other!.value, change_pct: change, change_unit: points ? "points" : "%" }} /> : <span title={t("compare.none")}>–</span>}</td>
    </tr>
  );
}

function Pair({ charts, heads }: { charts: [Chart, Chart | undefined]; heads: string[] }) {
  return (
    <section className={css.panel} data-pair>
      <h2>{charts[0].title}</h2>
      <div className={css.pair}>
        {charts.map(
          (chart, i) =>
            chart && (
              <div key={i}>
                <h3>{heads[i]}</h3>
                {chart.description && <p>{chart.description}</p>}
                <Figure chart={chart} />
              </div>
            ),
        )}
      </div>
    </section>
  );
}
