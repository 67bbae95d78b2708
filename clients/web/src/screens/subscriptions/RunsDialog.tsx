import { Badge, Modal } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { useInfiniteQuery } from "@tanstack/react-query";
import { IconHistory } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";
import type { Run, Subscription } from "../../api/reports";
import type { Page } from "../../api/types";
import { get } from "../../session";
import { useFormat } from "../../ui/format";
import { NARROW } from "../../ui/narrow";
import { More, Nothing, Waiting } from "../../ui/Screen";
import css from "./subscriptions.module.css";

const COLORS = { sent: "green", failed: "red", queued: "blue", running: "blue" };

/** What a subscription has done: when, why, and who got it. */
export default function RunsDialog({ subscription, close }: { subscription: Subscription; close: () => void }) {
  const { t } = useTranslation();
  const phone = useMediaQuery(NARROW);
  const query = useInfiniteQuery({
    queryKey: ["subscriptions", "runs", subscription.id],
    queryFn: ({ pageParam }) => get<Page<Run>>(`/subscriptions/${subscription.id}/runs?limit=30${pageParam ? `&cursor=${pageParam}` : ""}`),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_cursor,
  });
  const runs = query.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <Modal opened onClose={close} title={t("subscription.runs")} closeButtonProps={{ "aria-label": t("do.close") }} size="lg" radius="lg" fullScreen={phone} overlayProps={{ backgroundOpacity: 0.4, blur: 2 }}>
      <Waiting query={query} has={Boolean(query.data)} />
      {query.data && runs.length === 0 && <Nothing sign={IconHistory}>{t("run.none")}</Nothing>}
      <ol className={css.runs}>
        {runs.map((run) => (
          <li key={run.report_id}>
            <One run={run} />
          </li>
        ))}
      </ol>
      <More query={query} />
    </Modal>
  );
}

function One({ run }: { run: Run }) {
  const { t } = useTranslation();
  const format = useFormat();
  const facts = [
    t(`run.reason_${run.reason}`),
    run.missed > 0 && t("run.missed", { count: run.missed }),
    run.as_is && t("run.as_is"),
    run.sent !== null && t("run.sent", { count: run.sent }),
    ...run.withheld.map(({ reason, count }) => t("run.withheld", { count, reason: t(`run.because_${reason}`, reason) })),
    run.error,
  ];
  return (
    <>
      <div>
        <Link href={`/reports/${run.report_id}`}>
          <time dateTime={run.scheduled_at ?? run.created_at}>{format.moment(run.scheduled_at ?? run.created_at)}</time>
        </Link>
        <small>{facts.filter(Boolean).join(" · ")}</small>
      </div>
      <Badge variant="light" color={COLORS[run.result]} autoContrast tt="none" fw={560}>
        {t(`run.${run.result}`)}
      </Badge>
    </>
  );
}
