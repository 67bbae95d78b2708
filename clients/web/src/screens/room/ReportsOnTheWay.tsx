import { CloseButton, Progress } from "@mantine/core";
import { IconAlertCircle } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { happen, useApp } from "../../state/store";
import css from "./Timeline.module.css";

/** The reports asked for in this room that are not in it yet, and how far they are. */
export function ReportsOnTheWay({ groupId }: { groupId: string }) {
  const { t } = useTranslation();
  const reports = useApp((state) => state.reports);
  const here = Object.values(reports).filter((report) => report.group_id === groupId);
  return here.map((report) => {
    const title = report.title ?? t(`report_type.${report.type ?? "sales"}`);
    const failed = report.status === "failed";
    return (
      <div key={report.id} className={css.way} role="status">
        {failed && <IconAlertCircle size={18} color="var(--danger)" />}
        <span>
          {t(failed ? "report.failed" : "report.preparing", { title })}
          {failed && report.error && <small>{report.error}</small>}
        </span>
        {failed ? (
          <CloseButton aria-label={t("report.dismiss")} onClick={() => happen({ type: "dismissed", report_id: report.id })} />
        ) : (
          <Progress className={css.progress} value={Math.max(6, (report.progress ?? 0) * 100)} size="sm" radius="xl" animated aria-label={t("report.preparing", { title })} />
        )}
      </div>
    );
  });
}
