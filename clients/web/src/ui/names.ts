import i18next, { type TFunction } from "i18next";
import { useCallback } from "react";
import { useTranslation } from "react-i18next";
import type { Entry } from "../api/types";
import { learn } from "../session";
import { store, useApp } from "../state/store";
import { formats } from "./format";

/** Names by id. Whom we do not know yet is asked for, and the name appears when the answer comes. */
export function useNames(): (id: string | null | undefined) => string {
  const { t } = useTranslation();
  const people = useApp((state) => state.people);
  return useCallback(
    (id) => {
      if (!id) return t("room.somebody");
      const known = people[id];
      if (!known) learn(id);
      return known ? known.display_name || known.username || t("room.somebody") : t("room.unknown");
    },
    [people, t],
  );
}

/** The same where nothing is drawn, with what is known now. */
export function nameOf(id: string | null | undefined): string {
  const known = id ? store.getState().people[id] : undefined;
  return known?.display_name || known?.username || i18next.t("room.somebody");
}

/** An entry in words: for the list, for screen readers, and for the small lines between messages. */
export function entryWords(entry: Entry, name: (id: string | null | undefined) => string, t: TFunction): string {
  switch (entry.kind) {
    case "text":
      return entry.deleted ? t("entry.delete") : (entry.text ?? "");
    case "report":
      return t("entry.report", { title: entry.title ?? t("report.title") });
    case "member": {
      const words = { name: name(entry.user_id), by: name(entry.by), role: entry.role ? t(`role.${entry.role}`) : "" };
      if (entry.change === "joined" && entry.by && entry.by !== entry.user_id) return t("entry.added", words);
      return t(`entry.${entry.change ?? "joined"}`, words);
    }
    case "group":
      return t(`entry.group_${entry.change ?? "changed"}`, { by: name(entry.by) });
    case "photo":
    case "file":
      if (entry.deleted) return t("entry.delete");
      return entry.text || (entry.attachments?.length === 1 && entry.kind === "file" ? entry.attachments[0]!.name : t(`entry.${entry.kind}`, { count: entry.attachments?.length ?? 1 }));
    case "news":
      return t("entry.news", { title: entry.title });
    case "task":
      return taskWords(entry, name, t);
    default:
      return t(`entry.${entry.kind}`, { name: name(entry.sender_id) });
  }
}

function taskWords(entry: Entry, name: (id: string | null | undefined) => string, t: TFunction): string {
  const { moment } = formats(document.documentElement.lang, store.getState().me?.timezone ?? undefined);
  const by = name(entry.by);
  switch (entry.change) {
    case "state":
      return t("entry.task_state", { by, state: t(`task.${entry.new}`) });
    case "assignee":
      return entry.new ? t("entry.task_assignee", { by, name: name(entry.new) }) : t("entry.task_nobody", { by });
    case "target":
      return entry.new ? t("entry.task_target", { by, when: moment(entry.new) }) : t("entry.task");
    case "reminder":
      return entry.target_end ? t("entry.task_reminder", { when: moment(entry.target_end) }) : t("entry.task");
    case "overdue":
      return t("entry.task_overdue");
    default:
      return t("entry.task");
  }
}
