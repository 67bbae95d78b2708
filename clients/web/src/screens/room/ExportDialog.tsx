import { Button, Radio, Stack, Text } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Group } from "../../api/types";
import { access } from "../../session";
import { saveAs } from "../../ui/saveAs";
import { Dialog } from "../../ui/Dialog";
import { useProblem } from "../../ui/format";

const FORMS = ["html", "jsonl"] as const;
/** A long room comes page by page. */
const LONGEST_MS = 10 * 60_000;

/** All that was said in a room, to take along; for its owner. */
export default function ExportDialog({ group, close }: { group: Group; close: () => void }) {
  const { t } = useTranslation();
  const say = useProblem();
  const [form, setForm] = useState<(typeof FORMS)[number]>("html");
  const take = useMutation({
    mutationFn: async () => saveAs(await access.file(`/groups/${group.id}/export?format=${form}`, LONGEST_MS), `${group.name}.${form}`),
    onSuccess: close,
  });
  return (
    <Dialog close={close} title={t("group.export")}>
      <Stack>
        <Text size="sm">{t("group.export_text")}</Text>
        <Radio.Group aria-label={t("group.export")} value={form} onChange={(value) => setForm(value as typeof form)}>
          <Stack gap={8}>
            {FORMS.map((one) => (
              <Radio key={one} value={one} label={t(`group.export_${one}`)} />
            ))}
          </Stack>
        </Radio.Group>
        {take.error && (
          <Text size="sm" c="red" role="alert">
            {say(take.error)}
          </Text>
        )}
        <Button loading={take.isPending} onClick={() => take.mutate()}>
          {t("attach.save")}
        </Button>
      </Stack>
    </Dialog>
  );
}
