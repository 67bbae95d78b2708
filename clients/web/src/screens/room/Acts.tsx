import { ActionIcon, Button, Group as Row, Menu, Text } from "@mantine/core";
import { IconCornerUpLeft, IconDots, IconPencil, IconTrash } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Entry } from "../../api/types";
import { remove } from "../../session";
import type { Room } from "../../state/apply";
import { Dialog } from "../../ui/Dialog";
import { useProblem } from "../../ui/format";
import css from "./Timeline.module.css";

const LEADERS = ["owner", "coordinator"];

/** What can be done with a message; the server has the last word. */
export function Acts({ entry, room, own, reply, revise }: { entry: Entry; room: Room; own: boolean; reply: (entry: Entry) => void; revise: (entry: Entry) => void }) {
  const { t } = useTranslation();
  const [sure, setSure] = useState(false);
  const written = entry.kind !== "position";
  const mine = own && written;
  const removable = written && (own || LEADERS.includes(room.group.my_role ?? ""));
  return (
    <span className={css.acts}>
      <button type="button" className={css.act} aria-label={t("room.reply")} title={t("room.reply")} onClick={() => reply(entry)}>
        <IconCornerUpLeft size={17} />
      </button>
      {(mine || removable) && (
        <Menu>
          <Menu.Target>
            <ActionIcon className={css.act} aria-label={t("room.message_menu")}>
              <IconDots size={17} />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            {mine && (
              <Menu.Item leftSection={<IconPencil size={17} />} onClick={() => revise(entry)}>
                {t("room.edit")}
              </Menu.Item>
            )}
            {removable && (
              <Menu.Item color="red" leftSection={<IconTrash size={17} />} onClick={() => setSure(true)}>
                {t("room.delete")}
              </Menu.Item>
            )}
          </Menu.Dropdown>
        </Menu>
      )}
      {sure && <Sure entry={entry} room={room} close={() => setSure(false)} />}
    </span>
  );
}

function Sure({ entry, room, close }: { entry: Entry; room: Room; close: () => void }) {
  const { t } = useTranslation();
  const say = useProblem();
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<unknown>(null);
  function act() {
    setBusy(true);
    remove(room.group.id, entry.seq).then(close, (error: unknown) => {
      setProblem(error);
      setBusy(false);
    });
  }
  return (
    <Dialog close={close} title={t("room.delete_sure")}>
      <Text size="sm">{t("room.delete_text")}</Text>
      {problem !== null && (
        <Text size="sm" c="red" mt="sm" role="alert">
          {say(problem)}
        </Text>
      )}
      <Row justify="flex-end" mt="lg" gap="sm">
        <Button variant="default" onClick={close}>
          {t("do.cancel")}
        </Button>
        <Button color="red" loading={busy} onClick={act}>
          {t("room.delete")}
        </Button>
      </Row>
    </Dialog>
  );
}
