import { ActionIcon, Badge, Button, Menu } from "@mantine/core";
import { useInfiniteQuery, useMutation } from "@tanstack/react-query";
import { IconBell, IconDots, IconEdit, IconHistory, IconPlayerPause, IconPlayerPlay, IconPlus, IconTrash } from "@tabler/icons-react";
import { Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import { useLocation } from "wouter";
import type { Subscription } from "../../api/reports";
import type { Page } from "../../api/types";
import { renew } from "../../api/queries";
import { access, get, make, uuid } from "../../session";
import { useApp } from "../../state/store";
import { useFormat } from "../../ui/format";
import { More, Nothing, Screen, Waiting } from "../../ui/Screen";
import { Sure } from "../../ui/Sure";
import { Wrong } from "../../ui/Wrong";
import { lazily } from "../../ui/lazily";
import { periodWords, useFilterWords } from "../report/Question";
import { useReportTabs } from "../reports/useReportTabs";
import { useReportTypes } from "../report/useReports";
import { useRhythmWords } from "./useRhythmWords";
import { useTriggerWords } from "./useTriggerWords";
import css from "./subscriptions.module.css";

const SubscriptionDialog = lazily(() => import("./SubscriptionDialog"));
const RunsDialog = lazily(() => import("./RunsDialog"));
const STATES = { waiting: "gray", ok: "green", firing: "orange", no_data: "gray", error: "red" };
const LISTED = ["subscriptions", "list"];

/** Who gets which report, when: mine. */
export default function SubscriptionsScreen() {
  const { t } = useTranslation();
  const tabs = useReportTabs();
  const [dialog, setDialog] = useState<Subscription | "new" | null>(null);
  const query = useInfiniteQuery({
    queryKey: LISTED,
    queryFn: ({ pageParam }) => get<Page<Subscription>>(`/subscriptions?limit=50${pageParam ? `&cursor=${pageParam}` : ""}`),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_cursor,
  });
  const items = query.data?.pages.flatMap((page) => page.items) ?? [];
  const add = (
    <Button size="sm" leftSection={<IconPlus size={17} />} onClick={() => setDialog("new")}>
      {t("subscription.add")}
    </Button>
  );
  return (
    <Screen title={t("subscription.title")} tabs={tabs} actions={add}>
      <Waiting query={query} has={Boolean(query.data)} />
      {query.data && items.length === 0 && <Nothing sign={IconBell}>{t("subscription.none")}</Nothing>}
      <ul className={css.list}>
        {items.map((one) => (
          <li key={one.id}>
            <Card subscription={one} edit={() => setDialog(one)} />
          </li>
        ))}
      </ul>
      <More query={query} />
      <Suspense>{dialog && <SubscriptionDialog subscription={dialog === "new" ? undefined : dialog} close={() => setDialog(null)} />}</Suspense>
    </Screen>
  );
}

function Card({ subscription, edit }: { subscription: Subscription; edit: () => void }) {
  const { t } = useTranslation();
  const format = useFormat();
  const filters = useFilterWords();
  const rhythm = useRhythmWords();
  const trigger = useTriggerWords(useReportTypes().data);
  const [, go] = useLocation();
  const target = subscription.target;
  const room = useApp((state) => (target === "me" ? null : (state.rooms[target.group_id]?.group.name ?? t("room.gone"))));
  const [sure, setSure] = useState(false);
  const [runs, setRuns] = useState(false);
  const anew = () => renew("subscriptions");
  const pause = useMutation({ mutationFn: (active: boolean) => access.request("PATCH", `/subscriptions/${subscription.id}`, { active }), onSuccess: anew });
  const run = useMutation({
    mutationFn: () => make<{ report_id: string }>(`/subscriptions/${subscription.id}/run`, {}, uuid()),
    onSuccess: ({ report_id }) => {
      void anew();
      void renew("reports");
      go(target === "me" ? `/reports/${report_id}` : `/g/${target.group_id}`);
    },
  });

  return (
    <article className={css.card} data-paused={!subscription.active || undefined} aria-label={t(`report_type.${subscription.type}`)}>
      <header>
        <div>
          <h3>
            {t(`report_type.${subscription.type}`)}
            {!subscription.active && (
              <Badge variant="light" color="gray" tt="none" fw={560} ml={8}>
                {t("subscription.paused")}
              </Badge>
            )}
          </h3>
          <p>{[periodWords(subscription.period, t, format.date), ...filters(subscription.filters)].join(" · ")}</p>
        </div>
        <Button size="xs" variant="light" loading={run.isPending || pause.isPending} leftSection={<IconPlayerPlay size={15} />} onClick={() => run.mutate()}>
          {t("subscription.run")}
        </Button>
        <Menu>
          <Menu.Target>
            <ActionIcon aria-label={t("room.menu")}>
              <IconDots size={19} stroke={1.8} />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item leftSection={<IconEdit size={17} />} onClick={edit}>
              {t("subscription.edit")}
            </Menu.Item>
            <Menu.Item leftSection={<IconHistory size={17} />} onClick={() => setRuns(true)}>
              {t("subscription.runs")}
            </Menu.Item>
            <Menu.Item leftSection={subscription.active ? <IconPlayerPause size={17} /> : <IconBell size={17} />} onClick={() => pause.mutate(!subscription.active)}>
              {t(subscription.active ? "subscription.pause" : "subscription.resume")}
            </Menu.Item>
            <Menu.Item color="red" leftSection={<IconTrash size={17} />} onClick={() => setSure(true)}>
              {t("subscription.end")}
            </Menu.Item>
          </Menu.Dropdown>
        </Menu>
      </header>
      <dl>
        <div>
          <dt>{t("subscription.when")}</dt>
          <dd>{subscription.schedule ? rhythm(subscription.schedule) : subscription.trigger && trigger(subscription.trigger, subscription.type)}</dd>
        </div>
        <div>
          <dt>{t("subscription.target")}</dt>
          <dd>{room ?? t("question.me")}</dd>
        </div>
        {subscription.next[0] && (
          <div>
            <dt>{t("subscription.next")}</dt>
            <dd>
              <Times times={subscription.next} />
            </dd>
          </div>
        )}
        {subscription.state && subscription.active && (
          <div>
            <dt>{t("trigger.state")}</dt>
            <dd>
              <Badge variant="light" color={STATES[subscription.state.state]} autoContrast tt="none" fw={560}>
                {t(`trigger.state_${subscription.state.state}`)}
              </Badge>{" "}
              {subscription.state.since && format.moment(subscription.state.since)} {subscription.state.error}
            </dd>
          </div>
        )}
      </dl>
      <Wrong problem={run.error ?? pause.error} />
      <Suspense>{runs && <RunsDialog subscription={subscription} close={() => setRuns(false)} />}</Suspense>
      {sure && (
        <Sure
          title={t("subscription.end_sure")}
          text={t("subscription.end_text")}
          does={t("subscription.end")}
          act={() => access.request("DELETE", `/subscriptions/${subscription.id}`)}
          then={() => {
            setSure(false);
            void anew();
          }}
          close={() => setSure(false)}
        />
      )}
    </article>
  );
}

/** The next times, the first one at once, the others on demand. */
function Times({ times }: { times: string[] }) {
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <details className={css.times}>
      <summary>{format.moment(times[0]!)}</summary>
      <ol aria-label={t("subscription.next_five")}>
        {times.slice(1).map((time) => (
          <li key={time}>{format.moment(time)}</li>
        ))}
      </ol>
    </details>
  );
}
