import { Button, Radio, Stack, Text, Textarea, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { useLocation } from "wouter";
import type { Alert } from "../../api/reports";
import { create } from "../../session";
import { Dialog } from "../../ui/Dialog";
import { useFormat, useProblem } from "../../ui/format";
import { useKey } from "../../ui/useKey";
import { itemWords } from "./AlertsScreen";

const WEEK_MS = 7 * 24 * 3_600_000;
const NAME_LENGTH = 100;
const TEXT_LENGTH = 1_000;

/** A task group to see to what an alert has found. */
export default function TaskDialog({ alert, close }: { alert: Alert; close: () => void }) {
  const { t } = useTranslation();
  const say = useProblem();
  const format = useFormat();
  const key = useKey();
  const [, go] = useLocation();
  const [name, setName] = useState(alert.title.slice(0, NAME_LENGTH));
  const [text, setText] = useState([alert.text, ...alert.items.map((item) => `- ${itemWords(item, format, t)}`)].join("\n").slice(0, TEXT_LENGTH));
  const [end, setEnd] = useState(() => local(new Date(Date.now() + WEEK_MS)));
  const [visibility, setVisibility] = useState("invite");
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<unknown>(null);

  async function submit(event: FormEvent) {
    event.preventDefault();
    setBusy(true);
    try {
      const asked = { name: name.trim(), description: text.trim(), catalogue: "task", visibility, target_end: new Date(end).toISOString() };
      const group = await create(asked, key(asked));
      go(`/g/${group.id}`);
    } catch (error) {
      setProblem(error);
      setBusy(false);
    }
  }

  return (
    <Dialog close={close} title={t("alerts.task")}>
      <form onSubmit={submit}>
        <Stack>
          <TextInput label={t("create.name")} value={name} onChange={(event) => setName(event.currentTarget.value)} required withAsterisk={false} maxLength={NAME_LENGTH} data-autofocus />
          <Textarea label={t("create.description")} value={text} onChange={(event) => setText(event.currentTarget.value)} autosize minRows={3} maxRows={9} maxLength={TEXT_LENGTH} />
          <TextInput type="datetime-local" label={t("create.target_end")} value={end} onChange={(event) => setEnd(event.currentTarget.value)} required withAsterisk={false} />
          <Radio.Group label={t("create.visibility")} value={visibility} onChange={setVisibility}>
            <Stack gap="xs" mt={6}>
              <Radio value="invite" label={t("create.invite")} />
              <Radio value="open" label={t("create.open")} />
            </Stack>
          </Radio.Group>
          {problem !== null && (
            <Text size="sm" c="red" role="alert">
              {say(problem)}
            </Text>
          )}
          <Button type="submit" loading={busy}>
            {t("create.submit")}
          </Button>
        </Stack>
      </form>
    </Dialog>
  );
}

/** As an input of the browser has it, in the browser's own time zone. */
function local(time: Date): string {
  const two = (value: number) => String(value).padStart(2, "0");
  return `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}T${two(time.getHours())}:${two(time.getMinutes())}`;
}
