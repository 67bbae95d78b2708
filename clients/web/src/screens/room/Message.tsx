import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { IconAlertCircle, IconCheck, IconChecks, IconClock } from "@tabler/icons-react";
import { memo, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";
import type { Entry, Role } from "../../api/types";
import { discard, lookHowFar, oneEntry, retry } from "../../session";
import { means, type Pending, type Room } from "../../state/apply";
import { useApp } from "../../state/store";
import { Avatar } from "../../ui/Avatar";
import { useFormat, useProblem } from "../../ui/format";
import { entryWords, useNames } from "../../ui/names";
import { useLongPress } from "../../ui/useLongPress";
import { RoleTag } from "../../ui/RoleTag";
import { lazily } from "../../ui/lazily";
import { Problem } from "../../api/http";
import { Acts } from "./Acts";
import { Attachments } from "./Attachments";
import { TakenAlong } from "./TakenAlong";
import { Position } from "./Position";
import { Written } from "./Written";
import css from "./Timeline.module.css";

const ProfileDialog = lazily(() => import("../people/ProfileDialog").then(({ ProfileDialog }) => ({ default: ProfileDialog })));
const ReportCard = lazily(() => import("../report/ReportCard").then(({ ReportCard }) => ({ default: ReportCard })));

/** No frame tells that a message was received: while it is on the screen that is asked, so often, each time after twice as long. */
const LOOKS = 7;
const LOOK_MS = 1_500;

/** What a person says; the rest is what happened. */
export const SAID: ReadonlySet<Entry["kind"]> = new Set(["text", "photo", "file", "position"]);

/** One place in the list: an entry of the timeline, or a message still on its way. */
export interface Item {
  entry?: Entry;
  pending?: Pending;
  at: string;
  sender: string | null;
  /** First or last of what one person says in one go. */
  starts: boolean;
  ends: boolean;
  day: string | null;
  marker: boolean;
  /** The last that I said: how far it has come is asked, which goes for what I said before, too. */
  asks?: boolean;
}

interface Props {
  item: Item;
  group: Room["group"];
  me: string;
  role?: Role;
  reply: (entry: Entry) => void;
  /** Write one's own message anew. */
  revise: (entry: Entry) => void;
  /** Whether one has come here for this one. */
  target: boolean;
  jump: (seq: number) => void;
}

export const Message = memo(function Message({ item, group, me, role, reply, revise, target, jump }: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  const name = useNames();
  const { entry } = item;
  return (
    <div className={css.item} data-starts={item.starts || undefined} data-target={target || undefined}>
      {entry?.seq === 1 && <p className={css.beginning}>{t("room.beginning", { name: group.name })}</p>}
      {item.day && (
        <p className={css.day}>
          <span>{dayName(item.day, format, t)}</span>
        </p>
      )}
      {item.marker && (
        <p className={css.marker}>
          <span>{t("room.new")}</span>
        </p>
      )}
      {entry?.kind === "report" ? (
        <Suspense fallback={<div className={css.card} />}>
          <ReportCard id={entry.report_id!} title={entry.title} type={entry.report_type} at={entry.at} groupId={group.id} />
        </Suspense>
      ) : entry?.kind === "news" ? (
        <p className={css.small}>
          <Link href={`/news/${entry.news_id}`}>{entryWords(entry, name, t)}</Link> <time dateTime={entry.at}>{format.time(entry.at)}</time>
        </p>
      ) : entry?.target_seq ? (
        <div className={css.unseen} /* the message itself shows it; the list counts every entry */ />
      ) : entry && !SAID.has(entry.kind) ? (
        <p className={css.small}>
          {entryWords(entry, name, t)} <time dateTime={entry.at}>{format.time(entry.at)}</time>
        </p>
      ) : (
        <Bubble item={item} group={group} own={item.sender === me} role={role} reply={reply} revise={revise} jump={jump} />
      )}
    </div>
  );
});

function Bubble({ item, group, own, role, reply, revise, jump }: Omit<Props, "me" | "target"> & { own: boolean }) {
  const { t } = useTranslation();
  const name = useNames();
  const format = useFormat();
  const avatar = useApp((state) => (item.sender ? state.people[item.sender]?.avatar_url : null));
  const { entry, pending } = item;
  const answered = entry?.reply_to ?? pending?.reply_to;
  const attachments = (entry ?? pending)!.attachments ?? [];
  const [open, setOpen] = useState(false);
  const [profile, setProfile] = useState(false);
  const me = useApp((state) => state.me!.id);
  const acts = entry && !entry.deleted;
  const press = useLongPress(() => acts && setOpen(true));
  return (
    <div
      className={css.say}
      data-own={own || undefined}
      data-starts={item.starts || undefined}
      data-ends={item.ends || undefined}
      data-called={(entry && means(entry, me)) || undefined}
      onContextMenu={(event) => {
        // What is selected is to be copied, a link to be opened, in the browser's own way.
        if (!acts || (event.target as HTMLElement).closest("a") || getSelection()?.toString()) return;
        event.preventDefault();
        setOpen(true);
      }}
      {...press}
    >
      {!own &&
        (item.ends ? (
          <button type="button" className={css.face} aria-label={t("people.profile_of", { name: name(item.sender) })} disabled={!item.sender} onClick={() => setProfile(true)}>
            <Avatar id={item.sender ?? ""} name={name(item.sender)} size={34} src={avatar} />
          </button>
        ) : (
          <span className={css.gap} />
        ))}
      <div className={css.column}>
        {!own && item.starts && (
          <p className={css.who}>
            <strong>{name(item.sender)}</strong>
            {role && <RoleTag role={role} />}
          </p>
        )}
        <div className={css.bubble} data-failed={pending?.status === "failed" || undefined} data-pending={pending ? true : undefined}>
          {answered && <Quote seq={answered} groupId={group.id} jump={jump} />}
          {attachments.length > 0 && <Attachments attachments={attachments} groupId={group.id} />}
          {pending?.files?.map((file) => <TakenAlong key={file.key} file={file} />)}
          {entry?.feature && <Position entry={entry} groupId={group.id} role={role} />}
          <span className={css.text}>
            {entry?.deleted ? <em>{t("entry.delete")}</em> : <Written text={(entry ?? pending)!.text ?? ""} mentions={(entry ?? pending)!.mentions} me={me} name={name} />}
          </span>
          <span className={css.meta}>
            {entry?.edited_at && !entry.deleted && <span title={format.moment(entry.edited_at)}>{t("room.edited")}</span>}
            <time dateTime={item.at} title={format.moment(item.at)}>
              {format.time(item.at)}
            </time>
            {own && <Ticks item={item} groupId={group.id} />}
          </span>
        </div>
        {pending?.status === "failed" && <Failed pending={pending} />}
      </div>
      <Suspense>{profile && item.sender && <ProfileDialog id={item.sender} role={role} close={() => setProfile(false)} />}</Suspense>
      {acts && <Acts entry={entry} group={group} own={own} reply={reply} revise={revise} open={open} setOpen={setOpen} />}
    </div>
  );
}

/** What is answered; further back than what is loaded, it is asked for. */
function Quote({ seq, groupId, jump }: { seq: number; groupId: string; jump: (seq: number) => void }) {
  const { t } = useTranslation();
  const name = useNames();
  const here = useApp(({ rooms }) => rooms[groupId]?.entries[seq - (rooms[groupId].entries[0]?.seq ?? 0)]); // there is no hole
  const { data, isError } = useQuery({ queryKey: ["entry", groupId, seq], queryFn: () => oneEntry(groupId, seq), enabled: !here, staleTime: Infinity });
  const quoted = here ?? data;
  return (
    <button type="button" className={css.quote} onClick={() => jump(seq)} disabled={!quoted}>
      <strong>{quoted ? name(quoted.sender_id) : "\u00a0"}</strong>
      <span dir="auto">{quoted ? entryWords(quoted, name, t) : isError || data === null ? t("room.quoted_gone") : "\u00a0"}</span>
    </button>
  );
}

function Ticks({ item, groupId }: { item: Item; groupId: string }) {
  const { t } = useTranslation();
  const { entry, pending } = item;
  // Whoever has read it has received it, too.
  const far = (...marks: (Record<string, number> | undefined)[]) => new Set(marks.flatMap((one) => Object.entries(one ?? {}).flatMap(([user, seq]) => (entry && seq >= entry.seq ? user : [])))).size;
  const readers = useApp(({ rooms }) => far(rooms[groupId]?.reads));
  const received = useApp(({ rooms }) => far(rooms[groupId]?.received, rooms[groupId]?.reads));
  const notified = useApp(({ rooms }) => far(rooms[groupId]?.notified));
  const others = useApp(({ rooms }) => (rooms[groupId]?.group.member_count ?? 2) - 1);
  useQuery({
    queryKey: ["receipts", groupId, entry?.seq, "far"],
    queryFn: () => lookHowFar(groupId, entry!.seq),
    enabled: Boolean(item.asks && entry && received < others),
    refetchInterval: ({ state: { dataUpdateCount, errorUpdateCount } }) => dataUpdateCount + errorUpdateCount < LOOKS && LOOK_MS * 2 ** (dataUpdateCount + errorUpdateCount),
    staleTime: LOOK_MS,
  });
  const [Sign, words] = entry
    ? readers > 0
      ? [IconChecks, t("room.read_by", { count: readers })]
      : received > 0
        ? [IconChecks, t("room.received_by", { count: received })]
        : [IconCheck, t(notified > 0 ? "room.receipt_pushed" : "room.stored")]
    : pending!.status === "failed"
      ? [IconAlertCircle, t("room.failed")]
      : pending!.status === "stored"
        ? [IconCheck, t("room.stored")]
        : [IconClock, t(pending!.status === "queued" ? "room.queued" : "room.sending")];
  return (
    <span className={css.tick} data-read={readers > 0 || undefined} role="img" aria-label={words} title={words}>
      <Sign size={15} stroke={2} />
    </span>
  );
}

function Failed({ pending }: { pending: Pending }) {
  const { t } = useTranslation();
  const say = useProblem();
  return (
    <p className={css.failed} role="alert">
      {t("room.failed")}
      {pending.code && `: ${say(new Problem(0, pending.code, ""))}`}
      <Button size="compact-xs" variant="subtle" onClick={() => retry(pending.client_id)}>
        {t("room.retry")}
      </Button>
      <Button size="compact-xs" variant="subtle" color="gray" onClick={() => discard(pending)}>
        {t("room.discard")}
      </Button>
    </p>
  );
}

function dayName(at: string, format: ReturnType<typeof useFormat>, t: (key: string) => string): string {
  const day = format.dayKey(at);
  if (day === format.dayKey(Date.now())) return t("room.today");
  if (day === format.dayKey(Date.now() - 86_400_000)) return t("room.yesterday");
  return format.day(at);
}
