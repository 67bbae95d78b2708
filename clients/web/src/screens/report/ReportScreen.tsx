import { ActionIcon, Button, Loader, SegmentedControl } from "@mantine/core";
import { useHotkeys } from "@mantine/hooks";
import { IconX } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useLocation } from "wouter";
import { Problem } from "../../api/http";
import type { Chart, Table as Rows } from "../../api/types";
import { useFormat, useProblem } from "../../ui/format";
import { DataTable } from "./DataTable";
import { Figure } from "./Figure";
import { Kpis } from "./Kpis";
import css from "./report.module.css";
import { useReport } from "./useReports";

/** A whole report: every figure, every chart, and the numbers behind each of them. */
export default function ReportScreen({ id, back }: { id: string; back: string }) {
  const { t } = useTranslation();
  const format = useFormat();
  const say = useProblem();
  const [, go] = useLocation();
  const { data, error, refetch } = useReport(id);
  useHotkeys([["Escape", () => go(back)]], []);

  const facts = data && [period(data.period, format), data.as_of && t("report.as_of", { when: format.moment(data.as_of) }), data.source && t("report.source", { source: data.source })].filter(Boolean);
  const drawn = new Set(data?.charts.map((chart) => chart.table_id));
  return (
    <main className={css.screen}>
      <header className={css.screenHead}>
        <div>
          <h1>{data?.title ?? t("report.title")}</h1>
          <p>{facts?.join(" · ")}</p>
        </div>
        <ActionIcon component={Link} href={back} size={44} aria-label={t("report.close")}>
          <IconX size={24} stroke={1.8} />
        </ActionIcon>
      </header>
      {data ? (
        <div className={css.body}>
          <Kpis kpis={data.kpis} />
          {data.notes?.map((note) => (
            <p key={note} className={css.note}>
              {note}
            </p>
          ))}
          <div className={css.charts}>
            {data.charts.map((chart) => (
              <ChartPanel key={chart.id} chart={chart} table={data.tables.find((table) => table.id === chart.table_id)} />
            ))}
            {data.tables
              .filter((table) => !drawn.has(table.id))
              .map((table) => (
                <section key={table.id} className={css.panel}>
                  <h2>{table.title}</h2>
                  <DataTable table={table} />
                </section>
              ))}
          </div>
          {data.kpis.some((kpi) => kpi.definition) && (
            <section className={css.definitions}>
              <h2>{t("report.definitions")}</h2>
              <dl>
                {data.kpis
                  .filter((kpi) => kpi.definition)
                  .map((kpi) => (
                    <div key={kpi.id}>
                      <dt>{kpi.label}</dt>
                      <dd>{kpi.definition}</dd>
                    </div>
                  ))}
              </dl>
            </section>
          )}
        </div>
      ) : error ? (
        <div className={css.alone}>
          <h2>{error instanceof Problem && error.status === 403 ? t("report.forbidden") : error instanceof Problem && error.status === 404 ? t("report.gone") : t("report.broken")}</h2>
          <p>{error instanceof Problem && error.status === 403 ? t("report.forbidden_text") : say(error)}</p>
          <Button variant="light" onClick={() => void refetch()}>
            {t("do.retry")}
          </Button>
        </div>
      ) : (
        <Loader className={css.alone} type="dots" />
      )}
    </main>
  );
}

function ChartPanel({ chart, table }: { chart: Chart; table?: Rows }) {
  const { t } = useTranslation();
  const [view, setView] = useState("chart");
  return (
    <section className={css.panel}>
      <header>
        <div>
          <h2>{chart.title}</h2>
          {chart.description && <p>{chart.description}</p>}
        </div>
        {table && (
          <SegmentedControl
            size="xs"
            aria-label={`${t("report.view")}: ${chart.title}`}
            value={view}
            onChange={setView}
            data={[
              { value: "chart", label: t("report.chart") },
              { value: "table", label: t("report.table") },
            ]}
          />
        )}
      </header>
      {view === "table" && table ? <DataTable table={table} /> : <Figure chart={chart} />}
    </section>
  );
}

function period(of: { from?: string; to?: string; label?: string } | null | undefined, format: ReturnType<typeof useFormat>): string | null {
  if (!of) return null;
  return of.label ?? (of.from && of.to ? `${format.date(of.from)} – ${format.date(of.to)}` : null);
}
