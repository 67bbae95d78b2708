import { Button, Radio, Select, Stack, Text, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { Problem } from "../../api/http";
import type { Group, TaskState } from "../../api/types";
import { setTask } from "../../session";
import { Dialog } from "../../ui/Dialog";
import { useProblem } from "../../ui/format";
import { instantOf, localOf } from "../../ui/zone";
import { useMembers } from "../members/useMembers";
import { STATES } from "../room/TaskBar";
import { useZone } from "../../ui/useZone";

/** A task's state, whose it is, and by when; for its owner and coordinators. */
export default function ManageDialog({ group, close }: { group: Group; close: () => void }) {
  const { t } = useTranslation();
  const say = useProblem();
  const zone = useZone();
  const { members } = useMembers(group.id);
  const [state, setState] = useState<TaskState>(group.state ?? "open");
  const [assignee, setAssignee] = useState(group.assignee_id ?? null);
  const save = useMutation({ mutationFn: (task: Parameters<typeof setTask>[1]) => setTask(group.id, task), onSuccess: close });
  const wrong = save.error instanceof Problem ? save.error.errors.find((one) => one.loc.includes("target_end"))?.msg : undefined;

  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const local = String(new FormData(event.currentTarget).get("target_end"));
    const moved = group.target_end && local !== localOf(group.target_end, zone);
    save.mutate({
      state,
      ...(assignee !== (group.assignee_id ?? null) ? { assignee_id: assignee } : {}),
      ...(moved ? { target_end: instantOf(local, zone) } : {}),
    });
  }

  return (
    <Dialog close={close} title={t("group.manage")}>
      <form onSubmit={submit}>
        <Stack>
          <Radio.Group label={t("task.state")} value={state} onChange={(value) => setState(value as TaskState)}>
            <Stack gap={8} mt={6}>
              {STATES.map((one) => (
                <Radio key={one} value={one} label={t(`task.${one}`)} />
              ))}
            </Stack>
          </Radio.Group>
          <Select label={t("task.assignee")} placeholder={t("task.nobody")} clearable searchable value={assignee} onChange={setAssignee} data={members.map((one) => ({ value: one.user_id, label: one.display_name }))} />
          <TextInput
            type="datetime-local"
            name="target_end"
            label={t("create.target_end")}
            description={t("calendar.zone", { zone })}
            inputWrapperOrder={["label", "input", "description", "error"]}
            defaultValue={group.target_end ? localOf(group.target_end, zone) : undefined}
            required
            error={wrong}
          />
          {save.error && !wrong && (
            <Text size="sm" c="red" role="alert">
              {say(save.error)}
            </Text>
          )}
          <Button type="submit" loading={save.isPending}>
            {t("account.save")}
          </Button>
        </Stack>
      </form>
    </Dialog>
  );
}
