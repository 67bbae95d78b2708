import { Badge, Button, SegmentedControl, Text } from "@mantine/core";
import { useInfiniteQuery, useMutation } from "@tanstack/react-query";
import { IconAlertTriangle, IconCheck, IconChecklist } from "@tabler/icons-react";
import { Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";
import type { Alert } from "../../api/reports";
import type { Page } from "../../api/types";
import { renew } from "../../api/queries";
import { get, make, uuid } from "../../session";
import { useApp } from "../../state/store";
import { useFormat } from "../../ui/format";
import { useNames } from "../../ui/names";
import { More, Nothing, Screen, Waiting } from "../../ui/Screen";
import { Wrong } from "../../ui/Wrong";
import { lazily } from "../../ui/lazily";
import { useReportTabs } from "../reports/useReportTabs";
import css from "../subscriptions/subscriptions.module.css";

const TaskDialog = lazily(() => import("./TaskDialog"));
const STATES = ["open", "recovered", ""] as const;
const COLORS = { firing: "red", acknowledged: "blue", recovered: "green" };

/** What the subscriptions that wait for something have found. */
export default function AlertsScreen() {
  const { t } = useTranslation();
  const [state, setState] = useState<string>("open");
  const query = useInfiniteQuery({
    queryKey: ["alerts", state],
    queryFn: ({ pageParam }) => get<Page<Alert>>(`/alerts?limit=30${state ? `&state=${state}` : ""}${pageParam ? `&cursor=${pageParam}` : ""}`),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_cursor,
  });
  const items = query.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <Screen title={t("alerts.title")} tabs={useReportTabs()}>
      <div className={css.filter}>
        <SegmentedControl size="sm" aria-label={t("admin.state")} value={state} onChange={setState} data={STATES.map((value) => ({ value, label: t(`alerts.${value || "all"}`) }))} />
      </div>
      <Waiting query={query} has={Boolean(query.data)} />
      {query.data && items.length === 0 && <Nothing sign={IconCheck}>{t(state === "open" ? "alerts.none_open" : "alerts.none")}</Nothing>}
      <ul className={css.list}>
        {items.map((alert) => (
          <li key={alert.id}>
            <Card alert={alert} />
          </li>
        ))}
      </ul>
      <More query={query} />
    </Screen>
  );
}

function Card({ alert }: { alert: Alert }) {
  const { t } = useTranslation();
  const format = useFormat();
  const name = useNames();
  const staff = useApp((state) => state.me?.kind === "staff");
  const room = useApp((state) => (alert.group_id ? state.rooms[alert.group_id]?.group.name : undefined));
  const [task, setTask] = useState(false);
  const acknowledge = useMutation({
    mutationFn: () => make(`/alerts/${alert.id}/acknowledge`, {}, uuid()),
    onSuccess: () => renew("alerts"),
  });
  const facts = [
    t("alerts.raised", { when: format.moment(alert.raised_at) }),
    alert.acknowledged_by && t("alerts.by", { name: name(alert.acknowledged_by) }),
    alert.recovered_at && t("alerts.over", { when: format.moment(alert.recovered_at) }),
    room,
  ];
  return (
    <article className={css.card} aria-label={alert.title}>
      <header>
        <div>
          <h3>{alert.title}</h3>
          <p>{facts.filter(Boolean).join("\u00a0· ")}</p>
        </div>
        <Badge variant="light" color={COLORS[alert.state]} autoContrast tt="none" fw={560} leftSection={alert.state === "firing" ? <IconAlertTriangle size={13} /> : undefined}>
          {t(`alerts.${alert.state}`)}
        </Badge>
      </header>
      <Text size="sm" mt={8}>
        {alert.text}
      </Text>
      {alert.items.length > 0 && (
        <ul className={css.items}>
          {alert.items.map((item) => (
            <li key={item.key}>{itemWords(item, format, t)}</li>
          ))}
          {alert.more > 0 && <li>{t("alerts.more", { count: alert.more })}</li>}
        </ul>
      )}
      <Wrong problem={acknowledge.error} />
      <footer>
        {alert.state === "firing" && (
          <Button size="xs" loading={acknowledge.isPending} leftSection={<IconCheck size={15} />} onClick={() => acknowledge.mutate()}>
            {t("alerts.acknowledge")}
          </Button>
        )}
        {alert.report_id && (
          <Button size="xs" variant="default" component={Link} href={`/reports/${alert.report_id}`}>
            {t("alerts.report")}
          </Button>
        )}
        {staff && alert.state !== "recovered" && (
          <Button size="xs" variant="default" leftSection={<IconChecklist size={15} />} onClick={() => setTask(true)}>
            {t("alerts.task")}
          </Button>
        )}
      </footer>
      <Suspense>{task && <TaskDialog alert={alert} close={() => setTask(false)} />}</Suspense>
    </article>
  );
}

export function itemWords(item: Alert["items"][number], format: ReturnType<typeof useFormat>, t: (key: string, values?: Record<string, unknown>) => string): string {
  return [item.label, item.party, item.amount != null && format.quantity(item.amount, item.currency), item.qty != null && format.quantity(item.qty), item.due && t("room.due", { when: format.date(item.due) })].filter(Boolean).join(" · ");
}
