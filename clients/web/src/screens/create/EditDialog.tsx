import { Button, Group as Row, Stack, Text } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Problem } from "../../api/http";
import type { Group } from "../../api/types";
import { editGroup } from "../../session";
import { Dialog } from "../../ui/Dialog";
import { Wrong } from "../../ui/Wrong";
import { FIELDS, GroupFields, useGroupFields } from "./GroupFields";

/** What the owner may change of a group; only what has changed is asked for. */
export default function EditDialog({ group, manage, close }: { group: Group; manage: () => void; close: () => void }) {
  const { t } = useTranslation();
  const fields = useGroupFields(group);
  const { mutate, isPending, error } = useMutation({
    mutationFn: async (form: FormData) => {
      const same = (name: string, value: unknown) =>
        name === "target_end" && group.target_end ? Math.abs(Date.parse(String(value)) - Date.parse(group.target_end)) < 60_000 /* a field shows no seconds */ : value === (group[name as keyof Group] ?? "");
      const changes = Object.fromEntries(Object.entries(fields.read(form)).filter(([name, value]) => !same(name, value)));
      if (Object.keys(changes).length > 0) await editGroup(group.id, changes);
    },
    onSuccess: close,
  });
  const field = (name: string) => (error instanceof Problem ? error.errors.find((e) => e.loc.at(-1) === name)?.msg : undefined);
  const other = fields.catalogue !== group.catalogue;

  return (
    <Dialog close={close} title={t("group.edit")}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          mutate(new FormData(event.currentTarget));
        }}
      >
        <Stack>
          <GroupFields fields={fields} group={group} error={field} />
          {other && group.catalogue !== "chat" && (
            <Text size="sm" c="red" role="status">
              {t(`group.drops_${group.catalogue}`)}
            </Text>
          )}
          {!FIELDS.some(field) && <Wrong problem={error} />}
          <Row justify="space-between">
            {group.catalogue === "task" && !other ? (
              <Button variant="default" onClick={manage}>
                {t("group.manage")}
              </Button>
            ) : (
              <span />
            )}
            <Button type="submit" loading={isPending} disabled={fields.missing}>
              {t("account.save")}
            </Button>
          </Row>
        </Stack>
      </form>
    </Dialog>
  );
}
