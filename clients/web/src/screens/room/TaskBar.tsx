import { Menu, Select, UnstyledButton } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { IconCheck, IconChevronDown } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { Group, TaskState } from "../../api/types";
import { setTask } from "../../session";
import { useProblem } from "../../ui/format";
import { useNames } from "../../ui/names";
import { useMembers } from "../members/useMembers";
import css from "./TaskBar.module.css";

export const STATES: TaskState[] = ["open", "in_progress", "blocked", "done", "cancelled"];

/** How the room's task stands and whose it is; who leads the group changes it here. */
export function TaskBar({ group }: { group: Group }) {
  const { t } = useTranslation();
  const say = useProblem();
  const name = useNames();
  const { members } = useMembers(group.id);
  const leads = !group.ended_at && (group.my_role === "owner" || group.my_role === "coordinator");
  const state = group.state ?? "open";
  const change = useMutation({ mutationFn: (task: { state: TaskState; assignee_id?: string | null }) => setTask(group.id, task) });
  const sign = (
    <>
      <i data-state={state} />
      {t(`task.${state}`)}
    </>
  );
  return (
    <div className={css.bar}>
      {leads ? (
        <Menu position="bottom-start">
          <Menu.Target>
            <UnstyledButton className={css.state} aria-label={`${t("task.state")}: ${t(`task.${state}`)}`} disabled={change.isPending}>
              {sign}
              <IconChevronDown size={15} />
            </UnstyledButton>
          </Menu.Target>
          <Menu.Dropdown>
            {STATES.map((one) => (
              <Menu.Item key={one} leftSection={<IconCheck size={16} visibility={one === state ? "visible" : "hidden"} />} onClick={() => change.mutate({ state: one })}>
                {t(`task.${one}`)}
              </Menu.Item>
            ))}
          </Menu.Dropdown>
        </Menu>
      ) : (
        <span className={css.state}>{sign}</span>
      )}
      {leads ? (
        <Select
          className={css.person}
          size="xs"
          variant="unstyled"
          aria-label={t("task.assignee")}
          placeholder={t("task.nobody")}
          clearable
          searchable
          data={members.map((member) => ({ value: member.user_id, label: member.display_name }))}
          value={group.assignee_id ?? null}
          onChange={(value) => change.mutate({ state, assignee_id: value })}
          disabled={change.isPending}
        />
      ) : (
        <span className={css.person}>{group.assignee_id ? name(group.assignee_id) : t("task.nobody")}</span>
      )}
      {change.error && (
        <span className={css.problem} role="alert">
          {say(change.error)}
        </span>
      )}
    </div>
  );
}
