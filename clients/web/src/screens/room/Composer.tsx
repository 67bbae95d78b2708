import { ActionIcon, CloseButton, Textarea } from "@mantine/core";
import { IconArrowUp, IconPhotoPlus } from "@tabler/icons-react";
import { type KeyboardEvent, Suspense, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Entry, Group } from "../../api/types";
import { edit, say, sendPosition, typing } from "../../session";
import { useProblem } from "../../ui/format";
import { entryWords, useNames } from "../../ui/names";
import { lazily } from "../../ui/lazily";
import { whereAmI } from "../map/sharing";
import { AddMenu } from "./AddMenu";
import { Calling, useCalling } from "./Calling";
import { Chosen } from "./Chosen";
import { draftOf, keepDraft } from "./drafts";
import { called } from "./mentions";
import css from "./RoomScreen.module.css";
import { MOST, useAttaching } from "./useAttaching";

const LiveDialog = lazily(() => import("../map/LiveDialog").then(({ LiveDialog }) => ({ default: LiveDialog })));
const LONGEST = 10_000;

interface Props {
  group: Group;
  reply: Entry | null;
  unreply: () => void;
  /** A message of one's own that is being written anew. */
  revised: Entry | null;
  unrevise: () => void;
  ask: () => void;
}

export function Composer({ group, reply, unreply, revised, unrevise, ask }: Props) {
  const { t } = useTranslation();
  const name = useNames();
  const [text, setText] = useState(draftOf(group.id).text);
  const [caret, setCaret] = useState(0);
  const field = useRef<HTMLTextAreaElement>(null);
  const long = [...text.trim()].length > LONGEST;
  const attaching = useAttaching();
  const dragged = useDrop(!revised, attaching.add);
  const said = useProblem();
  const [sharing, setSharing] = useState(false);
  const [problem, setProblem] = useState<unknown>(null);
  const sendable = !long && (revised ? Boolean(text.trim() || revised.attachments?.length) : attaching.all.length > 0 ? attaching.ready : Boolean(text.trim()));

  useEffect(() => {
    // A keyboard that covers half of a phone must not open by itself.
    if (matchMedia("(pointer: fine)").matches) field.current?.focus();
  }, []);
  useEffect(() => {
    if (reply) field.current?.focus();
  }, [reply]);

  useEffect(() => {
    setText(revised ? (revised.text ?? "") : draftOf(group.id).text);
    if (revised) field.current?.focus();
  }, [revised, group.id]);

  function write(value: string, mentions = draftOf(group.id).mentions) {
    setText(value);
    setProblem(null);
    if (revised) return;
    keepDraft(group.id, { text: value, mentions });
    if (value.trim()) typing(group.id);
  }
  const calling = useCalling(group, revised ? "" : text, caret, ({ id, word, from }) => {
    const before = `${text.slice(0, from)}${word} `;
    write(before + text.slice(caret), { ...draftOf(group.id).mentions, [id]: word });
    setCaret(before.length);
    requestAnimationFrame(() => field.current?.setSelectionRange(before.length, before.length)); // once the text is there
  });
  function send() {
    if (!sendable) return;
    field.current?.focus();
    if (revised) {
      edit(group.id, revised.seq, text.trim()).then(unrevise, setProblem);
      return;
    }
    const attachments = attaching.all.flatMap((one) => one.kept ?? []);
    const mentions = called(text, draftOf(group.id).mentions);
    const waiting = attaching.all.filter((one) => !one.kept).map((one) => one.file);
    say(group.id, text.trim(), reply?.seq, attachments.length ? attachments : undefined, mentions.length ? mentions : undefined, waiting);
    setText("");
    keepDraft(group.id, { text: "", mentions: {} });
    attaching.clear();
    unreply();
  }
  function position() {
    setProblem(null);
    whereAmI()
      .then((feature) => sendPosition(group.id, feature))
      .catch(setProblem);
  }
  function keys(event: KeyboardEvent) {
    if (calling.keys(event)) return;
    // Enter also ends the choice of a character in an input method: that Enter is not ours.
    if (event.key === "Enter" && !event.shiftKey && !event.nativeEvent.isComposing) {
      event.preventDefault();
      send();
    }
    if (event.key === "Escape" && revised) unrevise();
    else if (event.key === "Escape" && reply) unreply();
  }

  return (
    <form
      className={css.composer}
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
      onPaste={(event) => event.clipboardData.files.length > 0 && !revised && attaching.add(event.clipboardData.files)}
    >
      {revised && (
        <div className={css.replying}>
          <p>
            <strong>{t("room.editing")}</strong>
            <span>{revised.text}</span>
          </p>
          <CloseButton aria-label={t("do.cancel")} onClick={unrevise} />
        </div>
      )}
      {problem !== null && (
        <p className={css.long} role="alert">
          {said(problem)}
        </p>
      )}
      {dragged && (
        <div className={css.drop} aria-hidden>
          <IconPhotoPlus size={44} stroke={1.4} />
          {t("attach.drop")}
        </div>
      )}
      {attaching.tooMany && (
        <p className={css.long} role="alert">
          {t("attach.too_many", { count: MOST })}
        </p>
      )}
      {attaching.all.length > 0 && <Chosen all={attaching.all} remove={attaching.remove} again={attaching.again} />}
      {reply && (
        <div className={css.replying}>
          <p>
            <strong>{t("room.replying", { name: name(reply.sender_id) })}</strong>
            <span>{entryWords(reply, name, t)}</span>
          </p>
          <CloseButton aria-label={t("room.cancel_reply")} onClick={unreply} />
        </div>
      )}
      {long && (
        <p className={css.long} role="alert">
          {t("room.too_long", { count: LONGEST })}
        </p>
      )}
      <Calling calling={calling} />
      <div className={css.field}>
        {!revised && <AddMenu add={attaching.add} position={position} share={() => setSharing(true)} ask={ask} />}
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
          onChange={(event) => {
            setCaret(event.currentTarget.selectionStart);
            write(event.currentTarget.value);
          }}
          onSelect={(event) => setCaret(event.currentTarget.selectionStart)}
          onBlur={calling.close}
          onKeyDown={keys}
          {...calling.field}
          enterKeyHint="send"
        />
        <ActionIcon type="submit" variant="filled" color="iris" size={40} radius="xl" aria-label={t("room.send")} disabled={!sendable}>
          <IconArrowUp size={21} stroke={2.2} />
        </ActionIcon>
      </div>
      <Suspense>{sharing && <LiveDialog groupId={group.id} close={() => setSharing(false)} />}</Suspense>
    </form>
  );
}

/** Files that are dropped anywhere on the page belong to the room on it. True while some are held over it. */
function useDrop(on: boolean, add: (files: FileList) => void): boolean {
  const [over, setOver] = useState(false);
  useEffect(() => {
    if (!on) return;
    const carries = (event: DragEvent) => Boolean(event.dataTransfer?.types.includes("Files"));
    const hold = (event: DragEvent) => {
      if (!carries(event)) return;
      event.preventDefault();
      setOver(true);
    };
    const leave = (event: DragEvent) => event.relatedTarget === null && setOver(false);
    const drop = (event: DragEvent) => {
      if (!carries(event)) return;
      event.preventDefault(); // the browser would open the file in place of the application
      setOver(false);
      add(event.dataTransfer!.files);
    };
    addEventListener("dragover", hold);
    addEventListener("dragleave", leave);
    addEventListener("drop", drop);
    return () => {
      removeEventListener("dragover", hold);
      removeEventListener("dragleave", leave);
      removeEventListener("drop", drop);
    };
  }, [on, add]);
  return over;
}
