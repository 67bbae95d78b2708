import { Button, Radio, Stack, Textarea, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useLocation } from "wouter";
import type { Alert } from "../../api/reports";
import { create } from "../../session";
import { Dialog } from "../../ui/Dialog";
import { useFormat } from "../../ui/format";
import { useKey } from "../../ui/useKey";
import { useZone } from "../../ui/useZone";
import { Wrong } from "../../ui/Wrong";
import { instantOf, localOf } from "../../ui/zone";
import { itemWords } from "./AlertsScreen";

const WEEK_MS = 7 * 24 * 3_600_000;
const NAME_LENGTH = 100;
const TEXT_LENGTH = 1_000;

/** A task group to see to what an alert has found. */
export default function TaskDialog({ alert, close }: { alert: Alert; close: () => void }) {
  const { t } = useTranslation();
  const format = useFormat();
  const key = useKey();
  const [, go] = useLocation();
  const [name, setName] = useState(alert.title.slice(0, NAME_LENGTH));
  const [text, setText] = useState([alert.text, ...alert.items.map((item) => `- ${itemWords(item, format, t)}`)].join("\n").slice(0, TEXT_LENGTH));
  const zone = useZone();
  const [end, setEnd] = useState(() => localOf(new Date(Date.now() + WEEK_MS).toISOString(), zone));
  const [visibility, setVisibility] = useState("invite");
  const { mutate, isPending, error } = useMutation({
    mutationFn: () => {
      const asked = { name: name.trim(), description: text.trim(), catalogue: "task", visibility, target_end: instantOf(end, zone) };
      return create(asked, key(asked));
    },
    onSuccess: (group) => go(`/g/${group.id}`),
  });

  return (
    <Dialog close={close} title={t("alerts.task")}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          mutate();
        }}
      >
        <Stack>
          <TextInput label={t("create.name")} value={name} onChange={(event) => setName(event.currentTarget.value)} required withAsterisk={false} maxLength={NAME_LENGTH} data-autofocus />
          <Textarea label={t("create.description")} value={text} onChange={(event) => setText(event.currentTarget.value)} autosize minRows={3} maxRows={9} maxLength={TEXT_LENGTH} />
          <TextInput type="datetime-local" label={t("create.target_end")} description={t("calendar.zone", { zone })} value={end} onChange={(event) => setEnd(event.currentTarget.value)} required withAsterisk={false} />
          <Radio.Group label={t("create.visibility")} value={visibility} onChange={setVisibility}>
            <Stack gap="xs" mt={6}>
              <Radio value="invite" label={t("create.invite")} />
              <Radio value="open" label={t("create.open")} />
            </Stack>
          </Radio.Group>
          <Wrong problem={error} />
          <Button type="submit" loading={isPending}>
            {t("create.submit")}
          </Button>
        </Stack>
      </form>
    </Dialog>
  );
}
