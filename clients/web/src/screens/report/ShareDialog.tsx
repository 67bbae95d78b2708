import { Button, Stack, Text } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useLocation } from "wouter";
import type { Report } from "../../api/types";
import { ask } from "../../session";
import { Dialog } from "../../ui/Dialog";
import { useKey } from "../../ui/useKey";
import { Wrong } from "../../ui/Wrong";
import { RoomSelect } from "./AskDialog";
import { questionOf } from "./useAnew";

/** Brings a report into a room. It is asked for there, so that each of the room sees what they may, and as of now. */
export default function ShareDialog({ report, close }: { report: Report; close: () => void }) {
  const { t } = useTranslation();
  const key = useKey();
  const [, go] = useLocation();
  const [room, setRoom] = useState<string | null>(null);
  const { mutate, isPending, error } = useMutation({
    mutationFn: () => ask(questionOf(report), room, key(report.id, room)),
    onSuccess: () => go(`/g/${room}`),
  });

  return (
    <Dialog close={close} title={t("report.share")}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          mutate();
        }}
      >
        <Stack>
          <RoomSelect value={room} change={setRoom} alone={false} label={t("calendar.group")} />
          <Text size="sm" c="dimmed">
            {t("report.share_text")}
          </Text>
          <Wrong problem={error} />
          <Button type="submit" loading={isPending} disabled={!room}>
            {t("report.share_do")}
          </Button>
        </Stack>
      </form>
    </Dialog>
  );
}
