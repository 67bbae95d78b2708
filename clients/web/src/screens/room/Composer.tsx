import { ActionIcon, CloseButton, Textarea, Tooltip } from "@mantine/core";
import { IconArrowUp, IconChartHistogram } from "@tabler/icons-react";
import { type KeyboardEvent, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Entry, Group } from "../../api/types";
import { say, typing } from "../../session";
import { useNames } from "../../ui/names";
import css from "./RoomScreen.module.css";

const LONGEST = 10_000;
/** What was being written in each room, kept while the application is open. */
const drafts = new Map<string, string>();

interface Props {
  group: Group;
  reply: Entry | null;
  unreply: () => void;
  ask: () => void;
}

export function Composer({ group, reply, unreply, ask }: Props) {
  const { t } = useTranslation();
  const name = useNames();
  const [text, setText] = useState(drafts.get(group.id) ?? "");
  const field = useRef<HTMLTextAreaElement>(null);
  const long = [...text.trim()].length > LONGEST;

  useEffect(() => {
    // A keyboard that covers half of a phone must not open by itself.
    if (matchMedia("(pointer: fine)").matches) field.current?.focus();
  }, []);
  useEffect(() => {
    if (reply) field.current?.focus();
  }, [reply]);

  function write(value: string) {
    setText(value);
    drafts.set(group.id, value);
    if (value.trim()) typing(group.id);
  }
  function send() {
    if (!text.trim() || long) return;
    say(group.id, text.trim(), reply?.seq);
    setText("");
    drafts.delete(group.id);
    unreply();
    field.current?.focus();
  }
  function keys(event: KeyboardEvent) {
    // Enter also ends the choice of a character in an input method: that Enter is not ours.
    if (event.key === "Enter" && !event.shiftKey && !event.nativeEvent.isComposing) {
      event.preventDefault();
      send();
    }
    if (event.key === "Escape" && reply) unreply();
  }

  return (
    <form
      className={css.composer}
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      {reply && (
        <div className={css.replying}>
          <p>
            <strong>{t("room.replying", { name: name(reply.sender_id) })}</strong>
            <span>{reply.text}</span>
          </p>
          <CloseButton aria-label={t("room.cancel_reply")} onClick={unreply} />
        </div>
      )}
      {long && (
        <p className={css.long} role="alert">
          {t("room.too_long", { count: LONGEST })}
        </p>
      )}
      <div className={css.field}>
        <Tooltip label={t("room.ask")}>
          <ActionIcon aria-label={t("room.ask")} onClick={ask} size={40} radius="xl">
            <IconChartHistogram size={21} stroke={1.8} />
          </ActionIcon>
        </Tooltip>
        <Textarea
          ref={field}
          className={css.text}
          variant="unstyled"
          autosize
          minRows={1}
          maxRows={8}
          aria-label={t("room.write")}
          placeholder={t("room.write")}
          value={text}
          onChange={(event) => write(event.currentTarget.value)}
          onKeyDown={keys}
          enterKeyHint="send"
        />
        <ActionIcon type="submit" variant="filled" color="iris" size={40} radius="xl" aria-label={t("room.send")} disabled={!text.trim() || long}>
          <IconArrowUp size={21} stroke={2.2} />
        </ActionIcon>
      </div>
    </form>
  );
}
