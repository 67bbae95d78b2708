import { Text } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { access } from "../../session";
import { useFormat, useProblem } from "../../ui/format";
import css from "./subscriptions.module.css";

const TYPING_MS = 350;

/** The next five times of a schedule that is being written, as the server would take it. */
export function NextTimes({ schedule }: { schedule: object }) {
  const { t } = useTranslation();
  const format = useFormat();
  const say = useProblem();
  const [settled] = useDebouncedValue(schedule, TYPING_MS);
  const { data, error } = useQuery({
    queryKey: ["subscriptions", "preview", settled],
    queryFn: () => access.request<{ next: string[] }>("POST", "/subscriptions/preview", { schedule: settled }),
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
      <h4>{t("subscription.next_five")}</h4>
      <ol>
        {data.next.map((time) => (
          <li key={time}>{format.moment(time)}</li>
        ))}
      </ol>
    </div>
  );
}
