import { Button, Divider, Loader, SegmentedControl, Stack, Text } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Question, Step, Subscription, Trigger } from "../../api/reports";
import { renew } from "../../api/queries";
import { access, make } from "../../session";
import { useZone } from "../../ui/useZone";
import { Dialog } from "../../ui/Dialog";
import { useKey } from "../../ui/useKey";
import { Wrong } from "../../ui/Wrong";
import { RoomSelect } from "../report/AskDialog";
import { FIRST, QuestionFields } from "../report/Question";
import { useReportTypes } from "../report/useReports";
import { EscalationFields } from "./EscalationFields";
import { NextTimes } from "./NextTimes";
import { RhythmFields } from "./RhythmFields";
import { rhythmOf, scheduleOf, WEEKLY } from "./rhythm";
import { firstTrigger, fits, TriggerFields } from "./TriggerFields";

interface Props {
  /** What it is a subscription to, where that is known. */
  start?: { question: Question; room: string | null };
  /** The one to be changed; without it a new one is made. */
  subscription?: Subscription;
  close: () => void;
}

/** Who gets which report: at times, or when something comes about. */
export default function SubscriptionDialog({ start, subscription, close }: Props) {
  const { t } = useTranslation();
  const key = useKey();
  const myZone = useZone();
  const [question, setQuestion] = useState<Question | null>(subscription ?? start?.question ?? null);
  const [room, setRoom] = useState<string | null>(subscription ? (subscription.target === "me" ? null : subscription.target.group_id) : (start?.room ?? null));
  const [by, setBy] = useState(subscription?.trigger ? "trigger" : "schedule");
  const [rhythm, setRhythm] = useState(() => (subscription?.schedule ? rhythmOf(subscription.schedule) : WEEKLY));
  const [zone, setZone] = useState(subscription?.schedule?.timezone ?? myZone);
  const [chosen, setTrigger] = useState<Trigger | null>(subscription?.trigger ?? null);
  const [steps, setSteps] = useState<Step[]>(subscription?.escalation ?? []);
  const types = useReportTypes(true, question?.source);
  const asked = question ?? (types.data?.[0] ? { ...FIRST, type: types.data[0].type } : null);
  const type = types.data?.find((one) => one.type === asked?.type);
  const trigger = chosen && type && fits(chosen, type) ? chosen : type ? firstTrigger("kpi", type) : null;
  // Roles are those of a room; without one they mean nobody.
  const escalation = room ? steps : steps.filter((step) => typeof step.to !== "string");
  const when = by === "trigger" ? { schedule: null, trigger, escalation } : { schedule: scheduleOf(rhythm, zone), trigger: null, escalation: [] };
  const changes = asked && { target: room ? { group_id: room } : "me", period: asked.period, filters: asked.filters, ...when };
  const body = asked && changes && { ...changes, type: asked.type, ...(asked.source ? { source: asked.source } : {}), locale: document.documentElement.lang };

  const { mutate, isPending, error } = useMutation({
    mutationFn: () => (subscription ? access.request("PATCH", `/subscriptions/${subscription.id}`, changes) : make("/subscriptions", body, key(body))),
    onSuccess: () => {
      void renew("subscriptions");
      void renew("calendar");
      close();
    },
  });

  return (
    <Dialog close={close} title={t(subscription ? "subscription.edit_title" : "subscription.new")}>
      {types.data?.length === 0 ? (
        <Text size="sm" pb="md">
          {t("report.no_types")}
        </Text>
      ) : (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            if (body) mutate();
          }}
        >
          <Stack>
            {asked && types.data ? <QuestionFields types={types.data} question={asked} change={setQuestion} fixed={Boolean(subscription)} /> : <Loader type="dots" mx="auto" />}
            <RoomSelect label={t("subscription.target")} value={room} change={setRoom} />
            <Divider />
            <SegmentedControl fullWidth aria-label={t("subscription.when")} value={by} onChange={setBy} data={["schedule", "trigger"].map((value) => ({ value, label: t(`subscription.by_${value}`) }))} />
            {by === "schedule" ? (
              <RhythmFields rhythm={rhythm} change={setRhythm} zone={zone} changeZone={setZone} />
            ) : (
              type &&
              trigger && (
                <>
                  <TriggerFields key={type.type} type={type} trigger={trigger} change={setTrigger} />
                  <EscalationFields room={room} steps={escalation} change={setSteps} />
                </>
              )
            )}
            {body && <NextTimes asked={body} />}
            <Wrong problem={error} />
            <Button type="submit" loading={isPending} disabled={!body}>
              {t(subscription ? "account.save" : "subscription.make")}
            </Button>
          </Stack>
        </form>
      )}
    </Dialog>
  );
}
