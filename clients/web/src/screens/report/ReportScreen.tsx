import { ActionIcon, Menu, Modal, SegmentedControl, Tooltip } from "@mantine/core";
import { IconAdjustmentsHorizontal, IconArrowsDiff, IconArrowsMaximize, IconBell, IconDots, IconEye, IconRefresh, IconSend, IconX } from "@tabler/icons-react";
import { Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useLocation } from "wouter";
import type { Chart, Report, Table as Rows } from "../../api/types";
import { useApp } from "../../state/store";
import { useFormat } from "../../ui/format";
import { useEscape } from "../../ui/useEscape";
import { Wrong } from "../../ui/Wrong";
import { lazily } from "../../ui/lazily";
import { DataTable } from "./DataTable";
import { DownloadMenu } from "./DownloadMenu";
import { FactsDialog, type Place } from "./FactsDialog";
import { Figure } from "./Figure";
import { Kpis } from "./Kpis";
import { InTheMaking, NotShown } from "./InTheMaking";
import { periodWords, useFilterWords } from "./Question";
import css from "./report.module.css";
import { questionOf, useAnew } from "./useAnew";
import { useReport } from "./useReports";

const AskDialog = lazily(() => import("./AskDialog"));
const ShareDialog = lazily(() => import("./ShareDialog"));
const OpenedDialog = lazily(() => import("./OpenedDialog"));
const CompareDialog = lazily(() => import("./CompareDialog"));
const SubscriptionDialog = lazily(() => import("../subscriptions/SubscriptionDialog"));

/** A whole report: every figure, every chart, the numbers behind each of them, and the facts behind those. */
export default function ReportScreen({ id, back }: { id: string; back: string }) {
  const { t } = useTranslation();
  const [, go] = useLocation();
  const query = useReport(id);
  const { data } = query;
  const [dialog, setDialog] = useState<"ask" | "share" | "compare" | "subscribe" | "opened" | null>(null);
  // Who has opened it is shown to who asked for it, and to administrators.
  const knows = useApp(({ me }) => data?.requested_by === me?.id || Boolean(me?.permissions.includes("administrator")));
  const anew = useAnew(back);
  const ready = data?.status === "ready" ? data : null;
  useEscape(() => go(back));

  return (
    <main className={css.screen}>
      <header className={css.screenHead}>
        <div>
          <h1>{data?.title ?? t("report.title")}</h1>
          <p>{data && <HeadWords report={data} />}</p>
        </div>
        {ready && <DownloadMenu report={ready} />}
        {ready && (
          <Menu width={310}>
            <Menu.Target>
              <ActionIcon size={44} aria-label={t("report.menu")}>
                <IconDots size={22} stroke={1.8} />
              </ActionIcon>
            </Menu.Target>
            <Menu.Dropdown>
              <Menu.Item leftSection={<IconRefresh size={17} />} onClick={() => anew.mutate(ready)}>
                {t("report.recompute")}
                <small className={css.does}>{t("report.recompute_text")}</small>
              </Menu.Item>
              <Menu.Item leftSection={<IconSend size={17} />} onClick={() => setDialog("share")}>
                {t("report.share")}
                <small className={css.does}>{t("report.share_menu")}</small>
              </Menu.Item>
              <Menu.Item leftSection={<IconArrowsDiff size={17} />} onClick={() => setDialog("compare")}>
                {t("compare.menu")}
              </Menu.Item>
              <Menu.Item leftSection={<IconBell size={17} />} onClick={() => setDialog("subscribe")}>
                {t("subscription.new")}
              </Menu.Item>
              <Menu.Item leftSection={<IconAdjustmentsHorizontal size={17} />} onClick={() => setDialog("ask")}>
                {t("report.other")}
              </Menu.Item>
              {knows && (
                <Menu.Item leftSection={<IconEye size={17} />} onClick={() => setDialog("opened")}>
                  {t("opened.title")}
                </Menu.Item>
              )}
            </Menu.Dropdown>
          </Menu>
        )}
        <ActionIcon component={Link} href={back} size={44} aria-label={t("report.close")}>
          <IconX size={24} stroke={1.8} />
        </ActionIcon>
      </header>
      {ready && anew.error && (
        <div className={css.wrong}>
          <Wrong problem={anew.error} />
        </div>
      )}
      {ready ? <Whole report={ready} recompute={() => anew.mutate(ready)} /> : data ? <InTheMaking report={data} anew={anew} /> : <NotShown query={query} />}
      <Suspense>
        {dialog === "ask" && ready && <AskDialog start={questionOf(ready)} close={() => setDialog(null)} />}
        {dialog === "share" && ready && <ShareDialog report={ready} close={() => setDialog(null)} />}
        {dialog === "opened" && <OpenedDialog id={id} close={() => setDialog(null)} />}
        {dialog === "compare" && ready && <CompareDialog report={ready} close={() => setDialog(null)} />}
        {dialog === "subscribe" && ready && <SubscriptionDialog start={{ question: questionOf(ready), room: ready.group_id ?? null }} close={() => setDialog(null)} />}
      </Suspense>
    </main>
  );
}

/** What was asked for, of what, and how fresh it is. */
export function HeadWords({ report }: { report: Report }) {
  const { t } = useTranslation();
  const format = useFormat();
  const filters = useFilterWords();
  const facts = [
    periodWords(report.period, t, format.date),
    ...filters(report.filters),
    report.as_of && t("report.as_of", { when: format.moment(report.as_of) }),
    report.source && t("report.source", { source: report.source }),
  ];
  return facts.filter(Boolean).join(" · ");
}

function Whole({ report, recompute }: { report: Report; recompute: () => void }) {
  const { t } = useTranslation();
  const format = useFormat();
  const [place, setPlace] = useState<(Place & { title: string }) | null>(null);
  const drawn = new Set(report.charts.map((chart) => chart.table_id));
  const drill = (chart: string, title: string) => (point: string) => setPlace({ chart, point, title });
  return (
    <div className={css.body}>
      {report.stale && (
        <p className={css.stale} role="note">
          {t("report.stale", { when: report.stale.failed_at ? format.moment(report.stale.failed_at) : "" })}
        </p>
      )}
      <Kpis kpis={report.kpis} all />
      {report.notes?.map((note) => (
        <p key={note} className={css.note}>
          {note}
        </p>
      ))}
      <div className={css.charts}>
        {report.charts.map((chart) => (
          <ChartPanel key={chart.id} chart={chart} table={report.tables.find((table) => table.id === chart.table_id)} drill={drill(chart.id, chart.title)} />
        ))}
        {report.tables
          .filter((table) => !drawn.has(table.id))
          .map((table) => (
            <section key={table.id} className={css.panel}>
              <h2>{table.title}</h2>
              <DataTable table={table} drill={drill(table.id, table.title)} />
            </section>
          ))}
      </div>
      {report.kpis.some((kpi) => kpi.definition) && (
        <section className={css.definitions}>
          <h2>{t("report.definitions")}</h2>
          <dl>
            {report.kpis
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
      {place && <FactsDialog report={report.id} place={{ chart: place.chart, point: place.point }} title={place.title} recompute={recompute} close={() => setPlace(null)} />}
    </div>
  );
}

function ChartPanel({ chart, table, drill }: { chart: Chart; table?: Rows; drill: (key: string) => void }) {
  const { t } = useTranslation();
  const [full, setFull] = useState(false);
  return (
    <section className={css.panel}>
      <Shown chart={chart} table={table} drill={drill}>
        <Tooltip label={t("report.full")}>
          <ActionIcon size={32} aria-label={`${t("report.full")}: ${chart.title}`} onClick={() => setFull(true)}>
            <IconArrowsMaximize size={17} stroke={1.8} />
          </ActionIcon>
        </Tooltip>
      </Shown>
      {full && (
        <Modal opened fullScreen onClose={() => setFull(false)} title={chart.title} closeButtonProps={{ "aria-label": t("do.close") }}>
          <div className={css.full}>
            <Shown chart={chart} table={table} drill={drill} beside />
          </div>
        </Modal>
      )}
    </section>
  );
}

/** A chart and its table: one of them, or where there is space, beside each other. */
function Shown({ chart, table, drill, beside = false, children }: { chart: Chart; table?: Rows; drill: (key: string) => void; beside?: boolean; children?: React.ReactNode }) {
  const { t } = useTranslation();
  const [view, setView] = useState(beside ? "both" : "chart");
  const views = beside ? ["chart", "both", "table"] : ["chart", "table"];
  return (
    <>
      <header>
        {beside ? <span /> : <h2>{chart.title}</h2>}
        {table && <SegmentedControl size="xs" aria-label={`${t("report.view")}: ${chart.title}`} value={view} onChange={setView} data={views.map((value) => ({ value, label: t(`report.${value}`) }))} />}
        {children}
      </header>
      {chart.description && <p className={css.says}>{chart.description}</p>}
      <div className={view === "both" ? css.both : undefined}>
        {(view !== "table" || !table) && <Figure chart={chart} tap={drill} />}
        {view !== "chart" && table && <DataTable table={table} drill={drill} />}
      </div>
    </>
  );
}
