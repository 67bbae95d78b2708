import { Button, Group as Row, Stack, Text } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { Problem } from "../../api/http";
import type { Group } from "../../api/types";
import { editGroup } from "../../session";
import { Dialog } from "../../ui/Dialog";
import { useProblem } from "../../ui/format";
import { FIELDS, GroupFields, useGroupFields } from "./GroupFields";

/** What the owner may change of a group; only what has changed is asked for. */
export default function EditDialog({ group, manage, close }: { group: Group; manage: () => void; close: () => void }) {
  const { t } = useTranslation();
  const say = useProblem();
  const fields = useGroupFields(group);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<unknown>(null);
  const field = (name: string) => (problem instanceof Problem ? problem.errors.find((e) => e.loc.at(-1) === name)?.msg : undefined);
  const other = fields.catalogue !== group.catalogue;

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    const now = fields.read(new FormData(event.currentTarget));
    const same = (name: string, value: unknown) =>
      name === "target_end" && group.target_end ? Math.abs(Date.parse(String(value)) - Date.parse(group.target_end)) < 60_000 /* a field shows no seconds */ : value === (group[name as keyof Group] ?? "");
    const changes = Object.fromEntries(Object.entries(now).filter(([name, value]) => !same(name, value)));
    try {
      if (Object.keys(changes).length > 0) await editGroup(group.id, changes);
      close();
    } catch (error) {
      setProblem(error);
      setBusy(false);
    }
  }

  return (
    <Dialog close={close} title={t("group.edit")}>
      <form onSubmit={submit}>
        <Stack>
          <GroupFields fields={fields} group={group} error={field} />
          {other && group.catalogue !== "chat" && (
            <Text size="sm" c="red" role="status">
              {t(`group.drops_${group.catalogue}`)}
            </Text>
          )}
          {problem !== null && !FIELDS.some(field) && (
            <Text size="sm" c="red" role="alert">
              {say(problem)}
            </Text>
          )}
          <Row justify="space-between">
            {group.catalogue === "task" && !other ? (
              <Button variant="default" onClick={manage}>
                {t("group.manage")}
              </Button>
            ) : (
              <span />
            )}
            <Button type="submit" loading={busy} disabled={fields.missing}>
              {t("account.save")}
            </Button>
          </Row>
        </Stack>
      </form>
    </Dialog>
  );
}
