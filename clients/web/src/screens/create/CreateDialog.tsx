import { Button, Stack, Text } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { useLocation } from "wouter";
import { Problem } from "../../api/http";
import { create } from "../../session";
import { Dialog } from "../../ui/Dialog";
import { useProblem } from "../../ui/format";
import { useKey } from "../../ui/useKey";
import { FIELDS, GroupFields, useGroupFields } from "./GroupFields";

export default function CreateDialog({ close }: { close: () => void }) {
  const { t } = useTranslation();
  const say = useProblem();
  const [, go] = useLocation();
  const fields = useGroupFields();
  const key = useKey();
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<unknown>(null);
  const field = (name: string) => (problem instanceof Problem ? problem.errors.find((e) => e.loc.at(-1) === name)?.msg : undefined);

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    try {
      const asked = fields.read(new FormData(event.currentTarget));
      const group = await create(asked, key(asked));
      close();
      go(`/g/${group.id}`);
    } catch (error) {
      setProblem(error);
      setBusy(false);
    }
  }

  return (
    <Dialog close={close} title={t("create.title")}>
      <form onSubmit={submit}>
        <Stack>
          <GroupFields fields={fields} error={field} />
          {problem !== null && !FIELDS.some(field) && (
            <Text size="sm" c="red" role="alert">
              {say(problem)}
            </Text>
          )}
          <Button type="submit" loading={busy} disabled={fields.missing}>
            {t("create.submit")}
          </Button>
        </Stack>
      </form>
    </Dialog>
  );
}
