import { Button, Loader } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { IconChevronDown, IconChevronUp } from "@tabler/icons-react";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Virtuoso, type VirtuosoHandle } from "react-virtuoso";
import type { Entry } from "../../api/types";
import { goTo, goToEnd, newer, older, read, trim } from "../../session";
import type { Room } from "../../state/apply";
import { useApp } from "../../state/store";
import { useFormat } from "../../ui/format";
import { entryWords, useNames } from "../../ui/names";
import { useRoles } from "../members/useMembers";
import { Message, SAID, type Item } from "./Message";
import { ReportsOnTheWay } from "./ReportsOnTheWay";
import css from "./Timeline.module.css";

/** What one person says within this time stands together. */
const TOGETHER_MS = 5 * 60_000;
/** The height of the space below the last item, as in the style sheet. */
const END = 18;

/** Where one was reading in each room, kept while the application is open. */
export const places = new Map<string, number>();

interface Props {
  room: Room;
  /** How far one had read when the room was opened. */
  from: number;
  /** The entry to be shown first, or to go to. */
  target: number | null;
  setTarget: (seq: number | null) => void;
  reply: (entry: Entry) => void;
  revise: (entry: Entry) => void;
}

export function Timeline({ room, from, target, setTarget, reply, revise }: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  const me = useApp((state) => state.me!.id);
  const outbox = useApp((state) => state.outbox);
  const roles = useRoles(room.group.id);
  const still = useMediaQuery("(prefers-reduced-motion: reduce)");
  const list = useRef<VirtuosoHandle>(null);
  const [bottom, setBottom] = useState(true);
  const [failed, setFailed] = useState(false);
  const [above, setAbove] = useState(false);
  const seen = useRef(0);
  const id = room.group.id;
  const { entries } = room;
  const first = entries[0]?.seq ?? 1;

  // Where "New" stands is decided once, when the room is opened: it must not run away from the eye.
  const [marker] = useState(() => entries[0] && entries[0].seq <= from + 1 ? entries.find((e) => e.seq > from && (e.sender_id ?? e.by) !== me)?.seq : undefined);

  const made = useRef(new Map<number | string, Item>());
  const items = useMemo(() => {
    const under: Item[] = outbox.filter((m) => m.group_id === id).map((m) => ({ pending: m, at: m.at, sender: me, starts: false, ends: true, day: null, marker: false }));
    const over: Item[] = entries.map((entry) => ({ entry, at: entry.at, sender: SAID.has(entry.kind) ? (entry.sender_id ?? null) : null, starts: true, ends: true, day: null, marker: entry.seq === marker }));
    const all = [...over, ...under];
    all.forEach((item, i) => {
      const before = all[i - 1];
      if (!before || format.dayKey(before.at) !== format.dayKey(item.at)) item.day = item.at;
      const together = before && !item.day && !item.marker && item.sender && before.sender === item.sender && Date.parse(item.at) - Date.parse(before.at) < TOGETHER_MS;
      item.starts = !together;
      if (before && together) before.ends = false;
    });
    const last = over.findLast((item) => item.sender === me);
    if (last) last.asks = true;
    // What has not changed stays the same thing, so that of a long window nothing is drawn anew but what did.
    const same = made.current;
    made.current = new Map(all.map((item) => [item.entry?.seq ?? item.pending!.client_id, item]));
    return all.map((item) => {
      const key = item.entry?.seq ?? item.pending!.client_id;
      const was = same.get(key);
      if (!was || !alike(was, item)) return item;
      made.current.set(key, was);
      return was;
    });
  }, [entries, outbox, id, me, marker, format]);

  const look = useCallback(() => {
    if (document.visibilityState === "visible" && document.hasFocus() && seen.current) read(id, seen.current);
  }, [id]);
  useEffect(() => {
    addEventListener("focus", look);
    document.addEventListener("visibilitychange", look);
    return () => {
      removeEventListener("focus", look);
      document.removeEventListener("visibilitychange", look);
    };
  }, [look]);

  // At the end it stays at the end: when something new comes, a report grows or a keyboard opens. Until one scrolls up.
  const log = useRef<HTMLDivElement>(null);
  const stays = useRef(!marker && !target && room.live);
  const settle = useCallback(() => {
    if (stays.current) list.current?.scrollToIndex({ index: "LAST", align: "end", offset: END });
  }, []);
  const up = () => {
    stays.current = false;
  };
  useEffect(() => {
    const watch = new ResizeObserver(settle);
    watch.observe(log.current!);
    return () => watch.disconnect();
  }, [settle]);

  // What one writes oneself is always shown, wherever one was reading.
  const mine = outbox.filter((m) => m.group_id === id).length;
  const before = useRef(mine);
  useEffect(() => {
    if (mine > before.current) {
      stays.current = true;
      settle();
    }
    before.current = mine;
  }, [mine, settle]);

  const jump = useCallback(
    (seq: number) => {
      setFailed(false);
      setTarget(null);
      goTo(id, seq).then(
        () => setTarget(seq),
        () => setFailed(true),
      );
    },
    [id, setTarget],
  );
  const last = entries.at(-1)?.seq ?? 0;
  const within = target !== null && target >= first && target <= last;
  // A list that has only now been put on the page is already there.
  const [opened] = useState(target);
  useEffect(() => {
    if (!within || target === opened) return;
    up();
    list.current?.scrollToIndex({ index: target - first, align: "center", behavior: still ? "auto" : "smooth" });
  }, [target, within]);
  const more = useCallback(() => {
    setFailed(false);
    older(id).catch(() => setFailed(true));
  }, [id]);
  const toEnd = () => {
    setTarget(null);
    stays.current = true;
    if (room.live) list.current?.scrollToIndex({ index: "LAST", align: "end", offset: END, behavior: still ? "auto" : "smooth" });
    else goToEnd(id).catch(() => setFailed(true));
  };

  const place = useRef({ top: 0, bottom: true });
  useEffect(
    () => () => {
      if (place.current.bottom || !place.current.top) places.delete(id);
      else places.set(id, place.current.top);
    },
    [id],
  );

  const start = within ? target - first : marker ? Math.max(0, marker - first) : items.length - 1;
  const unread = above && from > 0 && from + 1 < first ? room.last_seq - from : 0;
  const news = entries.at(-1) ? Math.max(0, room.last_seq - Math.max(seen.current, room.read_seq)) : 0;

  return (
    <div className={css.frame}>
      <Announcer room={room} me={me} />
      <div
        ref={log}
        className={css.log}
        role="log"
        aria-label={t("room.log")}
        aria-live="off"
        onWheel={(event) => event.deltaY < 0 && up()}
        onTouchMove={up}
        onPointerDown={(event) => (event.target as HTMLElement).dataset.virtuosoScroller && up() /* the scroll bar */}
        onKeyDown={(event) => ["ArrowUp", "PageUp", "Home"].includes(event.key) && up()}
      >
        {items.length === 0 ? (
          <p className={css.nothing}>{t("room.empty")}</p>
        ) : (
          <Virtuoso
            ref={list}
            data={items}
            firstItemIndex={first /* items are counted by seq, so a page added in front moves nothing */}
            initialTopMostItemIndex={{ index: start, align: within || (marker && marker > first) ? "center" : "end" }}
            computeItemKey={(_, { pending, entry }) => pending?.client_id ?? (entry!.sender_id === me ? entry!.client_id : null) ?? entry!.id}
            startReached={more}
            endReached={() => !room.live && void newer(id).catch(() => setFailed(true))}
            increaseViewportBy={600}
            totalListHeightChanged={settle}
            atBottomThreshold={80}
            atBottomStateChange={(at) => {
              const end = at && room.live;
              place.current.bottom = end;
              setBottom(end);
              if (end) stays.current = true;
            }}
            rangeChanged={({ startIndex, endIndex }) => {
              place.current.top = startIndex;
              setAbove(startIndex > from + 1);
              trim(id, startIndex, endIndex);
              const last = Math.min(endIndex, entries.at(-1)?.seq ?? 0);
              seen.current = Math.max(seen.current, last);
              look();
            }}
            alignToBottom
            components={PARTS}
            context={{ room, failed, more }}
            itemContent={(_, item) => <Message item={item} group={room.group} me={me} role={item.sender ? roles[item.sender] : undefined} reply={reply} revise={revise} target={item.entry !== undefined && item.entry.seq === target} jump={jump} />}
          />
        )}
      </div>
      {unread > 0 && (
        <Button className={css.unread} variant="default" radius="xl" size="sm" leftSection={<IconChevronUp size={18} />} onClick={() => jump(from + 1)}>
          {t("room.first_unread", { count: unread })}
        </Button>
      )}
      {!bottom && (
        <Button
          className={css.latest}
          variant="default"
          radius="xl"
          size="sm"
          leftSection={<IconChevronDown size={18} />}
          onClick={toEnd}
        >
          {t("room.latest")}
          {news > 0 && <span className={css.news}>{news}</span>}
        </Button>
      )}
      <ReportsOnTheWay groupId={id} />
    </div>
  );
}

function alike(a: Item, b: Item): boolean {
  return a.asks === b.asks && (Object.keys(b) as (keyof Item)[]).every((field) => a[field] === b[field]);
}

interface Context {
  room: Room;
  failed: boolean;
  more: () => void;
}

function Older({ context }: { context?: Context }) {
  const { t } = useTranslation();
  if (!context) return null;
  const { room, failed, more } = context;
  if ((room.entries[0]?.seq ?? 1) <= 1) return null;
  return (
    <div className={css.beginning}>
      {failed ? (
        <>
          {t("room.load_failed")}{" "}
          <Button size="compact-sm" variant="subtle" onClick={more}>
            {t("do.retry")}
          </Button>
        </>
      ) : (
        <Loader size="xs" type="dots" />
      )}
    </div>
  );
}
const PARTS = { Header: Older, Footer: () => <div className={css.end} /> };

/** Screen readers hear what others write, and nothing of what scrolling puts on the page. */
function Announcer({ room, me }: { room: Room; me: string }) {
  const { t } = useTranslation();
  const name = useNames();
  const last = room.latest;
  const [from] = useState(last?.seq ?? 0);
  const words = last && last.seq > from && last.sender_id !== me ? entryWords(last, name, t) : "";
  return (
    <div className="hidden" aria-live="polite">
      {words && last?.kind === "text" ? t("room.says", { name: name(last.sender_id), text: words }) : words}
    </div>
  );
}
