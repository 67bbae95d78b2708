import { Progress, Select } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { IconAlertCircle, IconBook, IconBuildingFactory2, IconChartHistogram, IconChevronRight, IconClock, IconCoins, IconFileInvoice, IconLock, IconReceipt, IconReportMoney, IconShoppingCart, IconTruck, IconUsers } from "@tabler/icons-react";
import { Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";
import type { ReportLine, ReportType } from "../../api/reports";
import type { Page } from "../../api/types";
import { get } from "../../session";
import { useApp } from "../../state/store";
import { useFormat } from "../../ui/format";
import { More, Nothing, Screen, Waiting } from "../../ui/Screen";
import { lazily } from "../../ui/lazily";
import { periodWords, useFilterWords } from "../report/Question";
import { onTheWay, useReportTypes } from "../report/useReports";
import css from "./reports.module.css";
import { useReportTabs } from "./useReportTabs";

const AskDialog = lazily(() => import("../report/AskDialog"));
const GROUPS = ["trade", "operations", "people", "finance"] as const;
const SIGNS: Record<string, typeof IconBook> = {
  sales: IconShoppingCart,
  purchasing: IconTruck,
  production: IconBuildingFactory2,
  receivables: IconFileInvoice,
  payables: IconReceipt,
  ledger: IconBook,
  financial: IconReportMoney,
  human_resources: IconUsers,
};

export const signOf = (type: string) => SIGNS[type] ?? IconCoins;

/** The reports there are, by their classification, and those I asked for. */
export default function ReportsScreen() {
  const { t } = useTranslation();
  const tabs = useReportTabs();
  const types = useReportTypes();
  const [asking, setAsking] = useState<string | null>(null);
  const groups = GROUPS.map((group) => ({ group, types: types.data?.filter((one) => one.group === group) ?? [] })).filter((one) => one.types.length > 0);
  return (
    <Screen title={t("reports.title")} tabs={tabs}>
      <Waiting query={types} has={Boolean(types.data)} />
      {types.data?.length === 0 && <Nothing sign={IconLock}>{t("report.no_types")}</Nothing>}
      <div className={css.groups}>
        {groups.map(({ group, types }) => (
          <section key={group} className={css.group}>
            <h3>{t(`reports.group_${group}`)}</h3>
            <ul>
              {types.map((type) => (
                <li key={type.type}>
                  <Kind type={type} ask={() => setAsking(type.type)} />
                </li>
              ))}
            </ul>
          </section>
        ))}
      </div>
      {types.data && types.data.length > 0 && <Mine types={types.data} />}
      <Suspense>{asking && <AskDialog start={{ type: asking }} close={() => setAsking(null)} />}</Suspense>
    </Screen>
  );
}

function Kind({ type, ask }: { type: ReportType; ask: () => void }) {
  const { t } = useTranslation();
  const Sign = signOf(type.type);
  const missing = type.offered === false;
  return (
    <button type="button" className={css.kind} onClick={ask} disabled={missing}>
      <span className={css.sign} aria-hidden>
        <Sign size={20} stroke={1.7} />
      </span>
      <span>
        <strong>{t(`report_type.${type.type}`, type.title)}</strong>
        <small>{missing ? t("reports.not_offered") : t(`about.${type.type}`, "")}</small>
      </span>
    </button>
  );
}

function Mine({ types }: { types: ReportType[] }) {
  const { t } = useTranslation();
  const [type, setType] = useState<string | null>(null);
  const query = useInfiniteQuery({
    queryKey: ["reports", "mine", type],
    queryFn: ({ pageParam }) => get<Page<ReportLine>>(`/reports?limit=30${type ? `&type=${type}` : ""}${pageParam ? `&cursor=${pageParam}` : ""}`),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_cursor,
  });
  const items = query.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <section className={css.mine}>
      <header>
        <h3>{t("reports.mine")}</h3>
        <Select size="xs" aria-label={t("report.type")} value={type ?? ""} onChange={(value) => setType(value || null)} allowDeselect={false} data={[{ value: "", label: t("reports.all") }, ...types.map((one) => ({ value: one.type, label: t(`report_type.${one.type}`, one.title) }))]} />
      </header>
      <Waiting query={query} has={Boolean(query.data)} />
      {query.data && items.length === 0 && <Nothing sign={IconChartHistogram}>{t("reports.none")}</Nothing>}
      <ul className={css.lines}>
        {items.map((line) => (
          <li key={line.id}>
            <Line line={line} />
          </li>
        ))}
      </ul>
      <More query={query} />
    </section>
  );
}

function Line({ line }: { line: ReportLine }) {
  const { t } = useTranslation();
  const format = useFormat();
  const filters = useFilterWords();
  const room = useApp((state) => (line.group_id ? state.rooms[line.group_id]?.group.name : undefined));
  const news = useApp((state) => state.reports[line.id]);
  const Sign = line.status === "failed" ? IconAlertCircle : onTheWay(line.status) ? IconClock : signOf(line.type);
  const facts = [
    line.status === "failed" ? line.error : onTheWay(line.status) ? t("report.making") : line.as_of && t("report.as_of", { when: format.moment(line.as_of) }),
    onTheWay(line.status) && periodWords(line.period as never, t, format.date),
    ...filters(line.filters),
    room,
    line.subscription_id && t("reports.by_subscription"),
  ];
  return (
    <Link href={`/reports/${line.id}`} className={css.line} data-status={line.status}>
      <span className={css.sign} aria-hidden>
        <Sign size={18} stroke={1.7} />
      </span>
      <span>
        <strong>{line.title}</strong>
        <small>{facts.filter(Boolean).join(" · ")}</small>
        {onTheWay(line.status) && <Progress size="xs" radius="xl" mt={5} animated value={Math.max(5, Math.max(news?.progress ?? 0, line.progress ?? 0) * 100)} aria-label={t("report.making")} />}
      </span>
      <time dateTime={line.created_at ?? undefined}>{line.created_at && format.moment(line.created_at)}</time>
      <IconChevronRight size={17} className={css.mirror} aria-hidden />
    </Link>
  );
}
