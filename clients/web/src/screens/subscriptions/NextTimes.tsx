import { Text } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import type { Preview } from "../../api/reports";
import { access } from "../../session";
import { useFormat, useProblem } from "../../ui/format";
import css from "./subscriptions.module.css";

const TYPING_MS = 400;

/** What a subscription that is being written would do, as the server would take it: its next five times, or what its trigger sees now. */
export function NextTimes({ asked }: { asked: object }) {
  const { t } = useTranslation();
  const format = useFormat();
  const say = useProblem();
  const [settled] = useDebouncedValue(JSON.stringify(asked), TYPING_MS);
  const { data, error } = useQuery({
    queryKey: ["subscriptions", "preview", settled],
    queryFn: () => access.request<Preview>("POST", "/subscriptions/preview", JSON.parse(settled)),
    placeholderData: keepPreviousData,
    retry: false,
  });
  if (error)
    return (
      <Text size="sm" c="red" role="alert">
        {say(error)}
      </Text>
    );
  if (!data) return null;
  return (
    <div className={css.preview} aria-live="polite">
      {data.next.length > 0 && (
        <>
          <h4>{t("subscription.next_five")}</h4>
          <ol>
            {data.next.map((time) => (
              <li key={time}>{format.moment(time)}</li>
            ))}
          </ol>
        </>
      )}
      {data.state && (
        <p>
          {data.state.kpi?.text && t("trigger.now", { text: data.state.kpi.text })} <b>{t(`trigger.state_${data.state.state}`)}</b>
        </p>
      )}
      {data.notes.map((note) => (
        <p key={note}>{note}</p>
      ))}
    </div>
  );
}
