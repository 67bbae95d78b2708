import { Button, Divider, Loader, Stack, Text } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Question, Subscription } from "../../api/reports";
import { access, make, queries } from "../../session";
import { useApp } from "../../state/store";
import { Dialog } from "../../ui/Dialog";
import { useProblem } from "../../ui/format";
import { useKey } from "../../ui/useKey";
import { RoomSelect } from "../report/AskDialog";
import { FIRST, QuestionFields } from "../report/Question";
import { useReportTypes } from "../report/useReports";
import { NextTimes } from "./NextTimes";
import { RhythmFields } from "./RhythmFields";
import { cronOf, rhythmOf, WEEKLY } from "./rhythm";

interface Props {
  /** What it is a subscription to, where that is known. */
  start?: { question: Question; room: string | null };
  /** The one to be changed; without it a new one is made. */
  subscription?: Subscription;
  close: () => void;
}

export default function SubscriptionDialog({ start, subscription, close }: Props) {
  const { t } = useTranslation();
  const say = useProblem();
  const key = useKey();
  const myZone = useApp((state) => state.me?.timezone) || Intl.DateTimeFormat().resolvedOptions().timeZone;
  const [question, setQuestion] = useState<Question | null>(subscription ?? start?.question ?? null);
  const [room, setRoom] = useState<string | null>(subscription ? (subscription.target === "me" ? null : subscription.target.group_id) : (start?.room ?? null));
  const [rhythm, setRhythm] = useState(() => (subscription ? rhythmOf(subscription.schedule.cron) : WEEKLY));
  const [zone, setZone] = useState(subscription?.schedule.timezone ?? myZone);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<unknown>(null);
  const types = useReportTypes(true, question?.source);
  const asked = question ?? (types.data?.[0] ? { ...FIRST, type: types.data[0].type } : null);
  const schedule = { cron: cronOf(rhythm), timezone: zone };

  async function submit(event: FormEvent) {
    event.preventDefault();
    if (!asked) return;
    setBusy(true);
    try {
      const target = room ? { group_id: room } : "me";
      const changes = { target, schedule, period: asked.period, filters: asked.filters };
      if (subscription) await access.request("PATCH", `/subscriptions/${subscription.id}`, changes);
      else {
        const body = { ...changes, type: asked.type, ...(asked.source ? { source: asked.source } : {}), locale: document.documentElement.lang };
        await make("/subscriptions", body, key(body));
      }
      void queries.invalidateQueries({ queryKey: ["subscriptions"] });
      void queries.invalidateQueries({ queryKey: ["calendar"] });
      close();
    } catch (error) {
      setProblem(error);
      setBusy(false);
    }
  }

  return (
    <Dialog close={close} title={t(subscription ? "subscription.edit" : "subscription.new")}>
      {types.data?.length === 0 ? (
        <Text size="sm" pb="md">
          {t("report.no_types")}
        </Text>
      ) : (
        <form onSubmit={submit}>
          <Stack>
            {asked && types.data ? <QuestionFields types={types.data} question={asked} change={setQuestion} fixed={Boolean(subscription)} /> : <Loader type="dots" mx="auto" />}
            <RoomSelect label={t("subscription.target")} value={room} change={setRoom} />
            <Divider />
            <RhythmFields rhythm={rhythm} change={setRhythm} zone={zone} changeZone={setZone} />
            <NextTimes schedule={schedule} />
            {problem !== null && (
              <Text size="sm" c="red" role="alert">
                {say(problem)}
              </Text>
            )}
            <Button type="submit" loading={busy} disabled={!asked}>
              {t(subscription ? "account.save" : "subscription.make")}
            </Button>
          </Stack>
        </form>
      )}
    </Dialog>
  );
}
