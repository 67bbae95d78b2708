import { Switch } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { pushing, turnOff, turnOn, type Pushing as State } from "../../push/device";
import { queries } from "../../api/queries";
import { access, DEVICE } from "../../session";
import { useProblem } from "../../ui/format";
import { Problem } from "../../api/http";
import css from "./settings.module.css";

/** Whether this device tells of what happens while Bchat is closed; and if it can not, why. */
export function Pushing({ me }: { me: string }) {
  const { t } = useTranslation();
  const say = useProblem();
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<unknown>(null);
  const query = useQuery({ queryKey: ["pushing", me], queryFn: () => pushing(access, me), staleTime: 0 });
  const state: State | undefined = query.data;
  async function put(on: boolean) {
    setBusy(true);
    setProblem(null);
    try {
      queries.setQueryData(["pushing", me], await (on ? turnOn(access, me, DEVICE) : turnOff(access, DEVICE)));
    } catch (error) {
      setProblem(error);
    }
    setBusy(false);
  }
  const why = state === "denied" || state === "unsupported" || state === "install" || state === "off_here" ? t(`settings.push_${state}`) : t("settings.push_text");
  return (
    <div>
      <Switch label={t("settings.push")} description={why} checked={state === "on"} disabled={busy || (state !== "on" && state !== "off")} onChange={(event) => void put(event.currentTarget.checked)} />
      {(problem !== null || query.error) && (
        <p className={css.problem} role="alert">
          {problem !== null && !(problem instanceof Problem) ? t("settings.push_failed") : say(problem ?? query.error)}
        </p>
      )}
    </div>
  );
}
