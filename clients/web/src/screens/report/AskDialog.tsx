import { Button, Loader, Select, Stack, Text } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useLocation } from "wouter";
import type { Question } from "../../api/reports";
import type { Group } from "../../api/types";
import { ask } from "../../session";
import { useApp } from "../../state/store";
import { Dialog } from "../../ui/Dialog";
import { useKey } from "../../ui/useKey";
import { Wrong } from "../../ui/Wrong";
import { FIRST, QuestionFields } from "./Question";
import { useReportTypes } from "./useReports";

interface Props {
  /** Where the report goes; without it the person chooses, and sees it at once if it is for them alone. */
  group?: Group;
  start?: Partial<Question>;
  close: () => void;
}

export default function AskDialog({ group, start, close }: Props) {
  const { t } = useTranslation();
  const key = useKey();
  const [, go] = useLocation();
  const [question, setQuestion] = useState<Question | null>(null);
  const types = useReportTypes(true, question?.source ?? start?.source);
  const first = types.data?.find((one) => one.type === (start?.type ?? group?.type)) ?? types.data?.[0];
  const asked = question ?? (first ? { ...FIRST, ...start, type: first.type } : null);
  const [room, setRoom] = useState<string | null>(null);
  const target = group?.id ?? room;
  const { mutate, isPending, error } = useMutation({
    mutationFn: (question: Question) => ask(question, target, key(question, target)),
    onSuccess: (id) => {
      close();
      if (!group) go(target ? `/g/${target}` : `/reports/${id}`);
    },
  });
  const wrong = error ?? types.error;

  return (
    <Dialog close={close} title={t("room.ask")}>
      {types.data?.length === 0 ? (
        <Text size="sm" pb="md">
          {t("report.no_types")}
        </Text>
      ) : (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            if (asked) mutate(asked);
          }}
        >
          <Stack>
            {group && (
              <Text size="sm" c="dimmed">
                {t("report.asking")}
              </Text>
            )}
            {asked && types.data ? <QuestionFields types={types.data} question={asked} change={setQuestion} /> : !wrong && <Loader type="dots" mx="auto" />}
            {!group && <RoomSelect value={room} change={setRoom} />}
            <Wrong problem={wrong} />
            <Button type="submit" loading={isPending} disabled={!asked}>
              {t("report.ask")}
            </Button>
          </Stack>
        </form>
      )}
    </Dialog>
  );
}

/** One of my rooms that goes on, or only me. */
export function RoomSelect({ value, change, alone = true, label }: { value: string | null; change: (id: string | null) => void; alone?: boolean; label?: string }) {
  const { t } = useTranslation();
  const rooms = useApp((state) => state.rooms);
  const open = Object.values(rooms)
    .filter((room) => !room.group.ended_at)
    .sort((a, b) => a.group.name.localeCompare(b.group.name));
  const data = [...(alone ? [{ value: "", label: t("question.me") }] : []), ...open.map((room) => ({ value: room.group.id, label: room.group.name }))];
  return <Select label={label ?? t("question.room")} data={data} value={value ?? (alone ? "" : null)} onChange={(id) => change(id || null)} allowDeselect={false} searchable={open.length > 7} maxDropdownHeight={300} nothingFoundMessage={t("list.none_found")} />;
}
