import { ActionIcon, Button, Loader } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { IconCalendar, IconCalendarPlus, IconChartHistogram, IconChecklist, IconChevronLeft, IconChevronRight, IconRss } from "@tabler/icons-react";
import { lazy, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";
import type { CalendarItem, Page } from "../../api/types";
import { get } from "../../session";
import { useApp } from "../../state/store";
import { useFormat, useProblem, type Format } from "../../ui/format";
import css from "./calendar.module.css";

const AppointmentDialog = lazy(() => import("./AppointmentDialog"));
const FeedDialog = lazy(() => import("./FeedDialog"));
const SIGNS = { appointment: IconCalendar, task: IconChecklist, report: IconChartHistogram };

/** What is due and when, a month at a time, day by day. */
export default function CalendarScreen() {
  const { t } = useTranslation();
  const say = useProblem();
  const format = useFormat();
  const [month, setMonth] = useState(() => first(new Date(), 0));
  const [dialog, setDialog] = useState<"appointment" | "feed" | null>(null);
  const from = month.toISOString();
  const { data, error, isPending, refetch } = useQuery({
    queryKey: ["calendar", from],
    queryFn: () => get<Page<CalendarItem> & { missing: string[] }>(`/calendar?from=${from}&to=${first(month, 1).toISOString()}&limit=200`),
  });
  const days = new Map<string, CalendarItem[]>();
  for (const item of data?.items ?? []) {
    const day = format.dayKey(item.start);
    days.set(day, [...(days.get(day) ?? []), item]);
  }
  return (
    <section className={css.screen} aria-label={t("calendar.title")}>
      <header className={css.head}>
        <ActionIcon component={Link} href="/" className={css.back} aria-label={t("room.back")}>
          <IconChevronLeft size={24} />
        </ActionIcon>
        <h2>{format.month(from)}</h2>
        <ActionIcon aria-label={t("calendar.before")} onClick={() => setMonth(first(month, -1))}>
          <IconChevronLeft size={20} />
        </ActionIcon>
        <ActionIcon aria-label={t("calendar.after")} onClick={() => setMonth(first(month, 1))}>
          <IconChevronRight size={20} />
        </ActionIcon>
        <ActionIcon aria-label={t("calendar.feed")} onClick={() => setDialog("feed")}>
          <IconRss size={20} stroke={1.8} />
        </ActionIcon>
        <ActionIcon variant="filled" color="iris" aria-label={t("calendar.new")} onClick={() => setDialog("appointment")}>
          <IconCalendarPlus size={20} stroke={1.8} />
        </ActionIcon>
      </header>
      <div className={css.scroll}>
        {isPending && <Loader className={css.wait} type="dots" />}
        {error && (
          <div className={css.wait}>
            <p>{say(error)}</p>
            <Button variant="light" onClick={() => void refetch()}>
              {t("do.retry")}
            </Button>
          </div>
        )}
        {data && data.items.length === 0 && (
          <div className={css.wait}>
            <IconCalendar size={44} stroke={1.3} />
            <p>{t("calendar.none")}</p>
          </div>
        )}
        {data && data.missing.length > 0 && <p className={css.missing}>{t("calendar.missing")}</p>}
        {[...days].map(([day, items]) => (
          <section key={day} className={css.day} data-today={day === format.dayKey(Date.now()) || undefined}>
            <h3>{format.day(items[0]!.start)}</h3>
            <ul>
              {together(items).map(({ item, more }) => (
                <Item key={`${item.id} ${item.start}`} item={item} more={more} format={format} />
              ))}
            </ul>
          </section>
        ))}
      </div>
      <Suspense>
        {dialog === "appointment" && <AppointmentDialog close={() => setDialog(null)} />}
        {dialog === "feed" && <FeedDialog close={() => setDialog(null)} />}
      </Suspense>
    </section>
  );
}

/** A report that comes all day long is one line of the day. */
function together(items: CalendarItem[]): { item: CalendarItem; more: number }[] {
  const lines = new Map<string, { item: CalendarItem; more: number }>();
  for (const item of items) {
    const key = item.kind === "report" ? item.id : `${item.id} ${item.start}`;
    const line = lines.get(key);
    if (line) line.more += 1;
    else lines.set(key, { item, more: 0 });
  }
  return [...lines.values()];
}

function Item({ item, more, format }: { item: CalendarItem; more: number; format: Format }) {
  const { t } = useTranslation();
  const room = useApp((state) => (item.group_id ? state.rooms[item.group_id]?.group.name : undefined));
  const Sign = SIGNS[item.kind];
  const time = item.all_day ? t("calendar.all_day") : item.end ? `${format.time(item.start)} – ${format.time(item.end)}` : format.time(item.start);
  const words = (
    <>
      <span className={css.sign} data-kind={item.kind} data-late={item.overdue || undefined}>
        <Sign size={18} stroke={1.8} />
      </span>
      <span>
        <strong>{item.title}</strong>
        <small>{[more ? t("calendar.more", { time, count: more }) : time, item.place, item.kind === "task" && item.state ? t(`task.${item.state}`) : null, room].filter(Boolean).join(" · ")}</small>
      </span>
    </>
  );
  return <li>{item.group_id ? <Link href={`/g/${item.group_id}`}>{words}</Link> : <span className={css.plain}>{words}</span>}</li>;
}

function first(day: Date, months: number): Date {
  return new Date(day.getFullYear(), day.getMonth() + months, 1);
}
