import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { signOut } from "../../session";
import { useApp } from "../../state/store";
import { Sure } from "../../ui/Sure";
import { useDrafts } from "../room/drafts";

/** Logs out; where something is still only on this device, it asks before. */
export function useLogOut(): { logOut: () => void; asking: ReactNode } {
  const { t } = useTranslation();
  const unsent = useApp((state) => state.outbox.filter((message) => message.status !== "stored").length);
  const drafts = useDrafts();
  const [sure, setSure] = useState(false);
  const loses = [unsent && t("account.loses_unsent", { count: unsent }), drafts && t("account.loses_drafts", { count: drafts })].filter(Boolean);
  return {
    logOut: () => (loses.length > 0 ? setSure(true) : void signOut()),
    asking: sure && <Sure title={t("account.logout_sure")} text={loses.join(" ")} does={t("account.logout")} act={signOut} close={() => setSure(false)} />,
  };
}
