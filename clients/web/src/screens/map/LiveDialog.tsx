import { Button, SegmentedControl, Stack, Text } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Dialog } from "../../ui/Dialog";
import { useProblem } from "../../ui/format";
import { startSharing } from "./sharing";

const MINUTES = [15, 60, 240, 480];

/** For how long the room may see where one is. */
export function LiveDialog({ groupId, close }: { groupId: string; close: () => void }) {
  const { t } = useTranslation();
  const say = useProblem();
  const [minutes, setMinutes] = useState("60");
  const start = useMutation({ mutationFn: () => startSharing(groupId, Number(minutes)), onSuccess: close });
  return (
    <Dialog close={close} title={t("map.share_live")}>
      <Stack>
        <Text size="sm">{t("map.share_text")}</Text>
        <SegmentedControl
          fullWidth
          aria-label={t("map.how_long")}
          value={minutes}
          onChange={setMinutes}
          data={MINUTES.map((each) => ({ value: String(each), label: each < 60 ? t("map.minutes", { count: each }) : t("map.hours", { count: each / 60 }) }))}
        />
        {start.error && (
          <Text size="sm" c="red" role="alert">
            {say(start.error)}
          </Text>
        )}
        <Button loading={start.isPending} onClick={() => start.mutate()} data-autofocus>
          {t("map.start")}
        </Button>
      </Stack>
    </Dialog>
  );
}
