import { Button, Stack, Text } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { useLocation } from "wouter";
import type { Report } from "../../api/types";
import { ask } from "../../session";
import { Dialog } from "../../ui/Dialog";
import { useProblem } from "../../ui/format";
import { useKey } from "../../ui/useKey";
import { RoomSelect } from "./AskDialog";
import { questionOf } from "./useAnew";

/** Brings a report into a room. It is asked for there, so that each of the room sees what they may, and as of now. */
export default function ShareDialog({ report, close }: { report: Report; close: () => void }) {
  const { t } = useTranslation();
  const say = useProblem();
  const key = useKey();
  const [, go] = useLocation();
  const [room, setRoom] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<unknown>(null);

  async function submit(event: FormEvent) {
    event.preventDefault();
    setBusy(true);
    try {
      await ask(questionOf(report), room, key(report.id, room));
      go(`/g/${room}`);
    } catch (error) {
      setProblem(error);
      setBusy(false);
    }
  }

  return (
    <Dialog close={close} title={t("report.share")}>
      <form onSubmit={submit}>
        <Stack>
          <RoomSelect value={room} change={setRoom} alone={false} label={t("calendar.group")} />
          <Text size="sm" c="dimmed">
            {t("report.share_text")}
          </Text>
          {problem !== null && (
            <Text size="sm" c="red" role="alert">
              {say(problem)}
            </Text>
          )}
          <Button type="submit" loading={busy} disabled={!room}>
            {t("report.share_do")}
          </Button>
        </Stack>
      </form>
    </Dialog>
  );
}
