import { Menu } from "@mantine/core";
import { IconArrowBackUp, IconChecks, IconCopy, IconDots, IconHistory, IconPencil, IconTrash } from "@tabler/icons-react";
import { Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Entry } from "../../api/types";
import { remove } from "../../session";
import type { Room } from "../../state/apply";
import { Sure } from "../../ui/Sure";
import { lazily } from "../../ui/lazily";
import css from "./Timeline.module.css";

const ReadersDialog = lazily(() => import("./ReadersDialog"));
const FormerDialog = lazily(() => import("./FormerDialog"));
const LEADERS = ["owner", "coordinator"];

interface Props {
  entry: Entry;
  group: Room["group"];
  own: boolean;
  reply: (entry: Entry) => void;
  revise: (entry: Entry) => void;
  /** Opened by a right click or a long press, too. */
  open: boolean;
  setOpen: (open: boolean) => void;
}

/** What can be done with a message; the server has the last word. */
export function Acts({ entry, group, own, reply, revise, open, setOpen }: Props) {
  const { t } = useTranslation();
  const [dialog, setDialog] = useState<"delete" | "readers" | "former" | null>(null);
  // A menu costs more than the message it is for: there is none until it is opened.
  const [used, setUsed] = useState(open);
  if (open && !used) setUsed(true);
  const running = !group.ended_at;
  const written = entry.kind !== "position";
  const mine = own && written && running;
  const removable = written && running && (own || LEADERS.includes(group.my_role ?? ""));
  const former = entry.edited_at && (own || group.my_role === "owner");
  const close = () => setDialog(null);
  return (
    <span className={css.acts}>
      {running && (
        <button type="button" className={css.act} aria-label={t("room.reply")} title={t("room.reply")} onClick={() => reply(entry)}>
          <IconArrowBackUp size={17} />
        </button>
      )}
      {!used && (
        <button type="button" className={css.act} aria-label={t("room.message_menu")} aria-haspopup="menu" aria-expanded={false} onClick={() => setOpen(true)}>
          <IconDots size={17} />
        </button>
      )}
      {used && (
        <Menu opened={open} onChange={setOpen} position={own ? "bottom-end" : "bottom-start"}>
          <Menu.Target>
            <button type="button" className={css.act} aria-label={t("room.message_menu")}>
              <IconDots size={17} />
            </button>
          </Menu.Target>
          <Menu.Dropdown>
            {running && (
              <Menu.Item leftSection={<IconArrowBackUp size={17} />} onClick={() => reply(entry)}>
                {t("room.reply")}
              </Menu.Item>
            )}
            {entry.text && (
              <Menu.Item leftSection={<IconCopy size={17} />} onClick={() => void navigator.clipboard?.writeText(entry.text!)}>
                {t("room.copy")}
              </Menu.Item>
            )}
            {own && (
              <Menu.Item leftSection={<IconChecks size={17} />} onClick={() => setDialog("readers")}>
                {t("room.readers")}
              </Menu.Item>
            )}
            {former && (
              <Menu.Item leftSection={<IconHistory size={17} />} onClick={() => setDialog("former")}>
                {t("room.former")}
              </Menu.Item>
            )}
            {mine && (
              <Menu.Item leftSection={<IconPencil size={17} />} onClick={() => revise(entry)}>
                {t("room.edit")}
              </Menu.Item>
            )}
            {removable && (
              <Menu.Item color="red" leftSection={<IconTrash size={17} />} onClick={() => setDialog("delete")}>
                {t("room.delete")}
              </Menu.Item>
            )}
          </Menu.Dropdown>
        </Menu>
      )}
      <Suspense>
        {dialog === "readers" && <ReadersDialog entry={entry} groupId={group.id} close={close} />}
        {dialog === "former" && <FormerDialog entry={entry} groupId={group.id} close={close} />}
      </Suspense>
      {dialog === "delete" && <Sure title={t("room.delete_sure")} text={t("room.delete_text")} does={t("room.delete")} act={() => remove(group.id, entry.seq)} close={close} />}
    </span>
  );
}
