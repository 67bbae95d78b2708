import { Button, CloseButton } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { useRegisterSW } from "virtual:pwa-register/react";
import css from "../ui/banner.module.css";

/** How often an application that is left open asks whether there is a new version. */
const ASK_MS = 60 * 60_000;

/** Keeps the application on this device, and says when a newer version of it is ready. */
export function Update() {
  const { t } = useTranslation();
  const { needRefresh, updateServiceWorker } = useRegisterSW({
    onRegisteredSW: (_, registration) => {
      if (registration) setInterval(() => navigator.onLine && void registration.update().catch(() => {}), ASK_MS); // it asks again
    },
  });
  const [ready, setReady] = needRefresh;
  if (!ready) return null;
  return (
    <div className={css.banner} role="status">
      <p>{t("app.update")}</p>
      <Button size="compact-sm" onClick={() => void updateServiceWorker()}>
        {t("app.reload")}
      </Button>
      <CloseButton size="sm" aria-label={t("app.later")} onClick={() => setReady(false)} />
    </div>
  );
}
