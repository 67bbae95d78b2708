import { Text } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { change, type Changes } from "../../session";
import { useProblem } from "../../ui/format";
import css from "./settings.module.css";

/** Keeps changes of oneself, and the words that say how that went. */
export function useChange() {
  const { t } = useTranslation();
  const say = useProblem();
  const [state, setState] = useState<"idle" | "busy" | "saved">("idle");
  const [problem, setProblem] = useState<unknown>(null);
  function save(changes: Changes) {
    setState("busy");
    setProblem(null);
    change(changes).then(
      () => setState("saved"),
      (error: unknown) => {
        setState("idle");
        setProblem(error);
      },
    );
  }
  const words = (
    <Text className={css.words} size="sm" c={problem === null ? "dimmed" : "red"} role={problem === null ? "status" : "alert"}>
      {problem !== null ? say(problem) : state === "saved" ? t("settings.saved") : ""}
    </Text>
  );
  return { save, busy: state === "busy", words };
}
