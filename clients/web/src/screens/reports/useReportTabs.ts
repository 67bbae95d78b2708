import { useTranslation } from "react-i18next";
import { useApp } from "../../state/store";

/** The screens about reports that this person may have something on. */
export function useReportTabs(): [string, string][] {
  const { t } = useTranslation();
  const staff = useApp((state) => state.me?.kind === "staff");
  const tabs: [string, string][] = [
    ["/reports", t("reports.title")],
    ["/subscriptions", t("subscription.title")],
    ["/alerts", t("alerts.title")],
  ];
  return staff ? [...tabs, ["/sources", t("sources.title")]] : tabs;
}
