import { Button, Loader, Progress } from "@mantine/core";
import { IconAlertCircle, IconChartHistogram, IconLock } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { Problem } from "../../api/http";
import type { Report } from "../../api/types";
import { useApp } from "../../state/store";
import { useProblem } from "../../ui/format";
import { Wrong } from "../../ui/Wrong";
import css from "./report.module.css";
import type { useAnew } from "./useAnew";
import { onTheWay, type useReport } from "./useReports";

/** A report that is not there yet: how far it is, or why it failed. */
export function InTheMaking({ report, anew }: { report: Report; anew: ReturnType<typeof useAnew> }) {
  const { t } = useTranslation();
  const news = useApp((state) => state.reports[report.id]);
  const progress = Math.max(news?.progress ?? 0, report.progress ?? 0);
  if (onTheWay(report.status))
    return (
      <div className={css.alone} role="status">
        <IconChartHistogram size={44} stroke={1.3} />
        <h2>{t(report.status === "queued" && progress === 0 ? "report.queued" : "report.making")}</h2>
        <Progress value={Math.max(5, progress * 100)} size="md" radius="xl" animated aria-label={t("report.making")} className={css.making} />
        <p>{t("report.leave")}</p>
      </div>
    );
  return (
    <div className={css.alone} role="alert">
      <IconAlertCircle size={44} stroke={1.3} color="var(--danger)" />
      <h2>{t("report.not_made")}</h2>
      <p>{report.error}</p>
      <Wrong problem={anew.error} />
      <Button loading={anew.isPending} onClick={() => anew.mutate(report)}>
        {t("do.retry")}
      </Button>
    </div>
  );
}

/** No report: on its way over the network, not ours to see, or gone. */
export function NotShown({ query }: { query: Pick<ReturnType<typeof useReport>, "error" | "refetch"> }) {
  const { t } = useTranslation();
  const say = useProblem();
  const { error } = query;
  if (!error)
    return (
      <div className={css.alone}>
        <Loader type="dots" role="status" aria-label={t("do.loading")} />
      </div>
    );
  const status = error instanceof Problem ? error.status : 0;
  return (
    <div className={css.alone} role="alert">
      {status === 403 && <IconLock size={44} stroke={1.3} />}
      <h2>{t(status === 403 ? "report.forbidden" : status === 404 ? "report.gone" : "report.broken")}</h2>
      <p>{status === 403 ? t("report.forbidden_text") : status === 404 ? "" : say(error)}</p>
      {status !== 404 && (
        <Button variant="light" onClick={() => void query.refetch()}>
          {t("do.retry")}
        </Button>
      )}
    </div>
  );
}
