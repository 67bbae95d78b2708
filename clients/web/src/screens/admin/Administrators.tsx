import { IconLock } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useApp } from "../../state/store";
import { Nothing, Screen } from "../../ui/Screen";

/** What only administrators are shown. The server decides by itself; this spares others a page of refusals. */
export function Administrators({ children }: { children: ReactNode }) {
  const { t } = useTranslation();
  const may = useApp((state) => state.me!.permissions.includes("administrator"));
  if (may) return children;
  return (
    <Screen title={t("admin.title")}>
      <Nothing sign={IconLock}>{t("problem.permission_required")}</Nothing>
    </Screen>
  );
}

export function useAdminTabs(): [string, string][] {
  const { t } = useTranslation();
  return [
    ["/admin", t("admin.people")],
    ["/admin/groups", t("admin.groups")],
    ["/admin/operations", t("operations.title")],
  ];
}
