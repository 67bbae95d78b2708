import { IconBellOff } from "@tabler/icons-react";
import { memo } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";
import { isMuted } from "../../alerts/alert";
import { unread, type Room } from "../../state/apply";
import { useApp } from "../../state/store";
import { Avatar } from "../../ui/Avatar";
import { useFormat } from "../../ui/format";
import { entryWords, useNames } from "../../ui/names";
import { useDraft } from "../room/drafts";
import css from "./RoomsPane.module.css";

export const RoomRow = memo(function RoomRow({ room, open }: { room: Room; open: boolean }) {
  const { t } = useTranslation();
  const format = useFormat();
  const name = useNames();
  const me = useApp((state) => state.me?.id);
  const { group } = room;
  const last = room.latest;
  const count = unread(room);
  const draft = useDraft(group.id).text.trim();
  const who = last?.kind === "text" ? `${last.sender_id === me ? t("list.you") : name(last.sender_id).split(" ")[0]}: ` : "";
  return (
    <div className={css.cell}>
      <Link href={`/g/${group.id}`} className={css.row} data-row data-open={open || undefined} data-ended={group.ended_at ? true : undefined} aria-current={open ? "page" : undefined}>
        <Avatar id={group.id} name={group.name} size={46} catalogue={group.catalogue} />
        <span className={css.lines}>
          <span className={css.line}>
            <strong dir="auto" data-new={count > 0 || undefined}>{group.name}</strong>
            {isMuted(group, Date.now()) && <IconBellOff size={15} role="img" aria-label={t("list.muted")} />}
            {last && <time dateTime={last.at}>{when(last.at, format)}</time>}
          </span>
          <span className={css.line}>
            <span dir="auto" className={css.preview}>
              {group.ended_at ? <em>{t("list.ended")} · </em> : null}
              {draft && !open ? (
                <>
                  <b>{t("list.draft")}: </b>
                  {draft}
                </>
              ) : last ? (
                who + entryWords(last, name, t)
              ) : (
                (group.description ?? "")
              )}
            </span>
            {room.mentions > 0 && (
              <span className={css.called} role="img" aria-label={t("list.mentions", { count: room.mentions })}>
                @
              </span>
            )}
            {count > 0 && (
              <span className={css.count} aria-label={t("list.unread", { count })}>
                {count > 999 ? "999+" : count}
              </span>
            )}
          </span>
        </span>
      </Link>
    </div>
  );
});

function when(at: string, format: ReturnType<typeof useFormat>): string {
  return format.dayKey(at) === format.dayKey(Date.now()) ? format.time(at) : format.short(at);
}
