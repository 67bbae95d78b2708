import { ActionIcon, Button, Menu, SegmentedControl } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { IconCalendar, IconCalendarPlus, IconChartHistogram, IconChecklist, IconChevronLeft, IconChevronRight, IconDots, IconRss } from "@tabler/icons-react";
import { Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";
import type { CalendarItem, Page } from "../../api/types";
import { get } from "../../session";
import { useApp } from "../../state/store";
import { useFormat, type Format } from "../../ui/format";
import { Nothing, Screen, Waiting } from "../../ui/Screen";
import { instantOf } from "../../ui/zone";
import { useZone } from "../../ui/useZone";
import { lazily } from "../../ui/lazily";
import css from "./calendar.module.css";
import { type Day, daysBetween, daysOf, monthOf, plus, spanOf, type View } from "./days";

const AppointmentDialog = lazily(() => import("./AppointmentDialog"));
const AppointmentCard = lazily(() => import("./AppointmentCard"));
const FeedDialog = lazily(() => import("./FeedDialog"));
const SIGNS = { appointment: IconCalendar, task: IconChecklist, report: IconChartHistogram };
/** So many items of a day are shown in a month; the rest is in the list. */
const IN_A_CELL = 3;
const PAGES = 5;

type Line = { item: CalendarItem; more: number };

/** What is due and when: a month or a week at a glance, or day by day. */
export default function CalendarScreen() {
  const { t, i18n } = useTranslation();
  const format = useFormat();
  const zone = useZone();
  const narrow = useMediaQuery("(max-width: 900px)", matchMedia("(max-width: 900px)").matches);
  const today = format.dayKey(Date.now());
  const [chosen, setChosen] = useState<View | null>(null);
  const view = narrow ? "list" : (chosen ?? "month");
  const [day, setDay] = useState<Day>(today);
  const [dialog, setDialog] = useState<{ day?: Day } | "feed" | CalendarItem | null>(null);
  const weekStart = firstWeekday(i18n.language);
  const [from, to] = spanOf(view, day, weekStart);
  const query = useQuery({
    queryKey: ["calendar", from, to, zone],
    queryFn: () => all(instantOf(`${from}T00:00`, zone), instantOf(`${to}T00:00`, zone)),
  });
  const days = new Map<Day, CalendarItem[]>();
  for (const item of query.data?.items ?? []) for (const one of daysOf(item, format.dayKey)) if (one >= from && one < to) days.set(one, [...(days.get(one) ?? []), item]);
  const step = (by: 1 | -1) => setDay(view === "week" ? plus(day, 7 * by) : monthOf(day, by));
  const unit = view === "week" ? "week" : "month";
  const open = (item: CalendarItem) => setDialog(item);

  return (
    <Screen
      title={view === "week" ? `${format.date(from)} – ${format.date(plus(to, -1))}` : format.month(`${day}T12:00:00Z`)}
      actions={
        <>
          <ActionIcon aria-label={t(`calendar.${unit}_before`)} onClick={() => step(-1)}>
            <IconChevronLeft size={20} className={css.mirror} />
          </ActionIcon>
          {!narrow && (
            <Button variant="default" size="compact-md" onClick={() => setDay(today)}>
              {t("room.today")}
            </Button>
          )}
          <ActionIcon aria-label={t(`calendar.${unit}_after`)} onClick={() => step(1)}>
            <IconChevronRight size={20} className={css.mirror} />
          </ActionIcon>
          {!narrow && <SegmentedControl aria-label={t("calendar.view")} value={view} onChange={(value) => setChosen(value as View)} data={(["month", "week", "list"] as const).map((value) => ({ value, label: t(`calendar.view_${value}`) }))} />}
          <Menu>
            <Menu.Target>
              <ActionIcon aria-label={t("room.menu")}>
                <IconDots size={20} />
              </ActionIcon>
            </Menu.Target>
            <Menu.Dropdown>
              {narrow && (
                <Menu.Item leftSection={<IconCalendar size={17} />} onClick={() => setDay(today)}>
                  {t("room.today")}
                </Menu.Item>
              )}
              <Menu.Item leftSection={<IconRss size={17} />} onClick={() => setDialog("feed")}>
                {t("calendar.feed")}
              </Menu.Item>
            </Menu.Dropdown>
          </Menu>
          <ActionIcon variant="filled" color="iris" aria-label={t("calendar.new")} onClick={() => setDialog({})}>
            <IconCalendarPlus size={20} stroke={1.8} />
          </ActionIcon>
        </>
      }
    >
      <Waiting query={query} has={Boolean(query.data)} />
      {query.data && query.data.missing.length > 0 && <p className={css.missing}>{t("calendar.missing")}</p>}
      {query.data?.cut && <p className={css.missing}>{t("calendar.cut")}</p>}
      {query.data &&
        (view === "list" ? (
          <List days={days} today={today} open={open} format={format} />
        ) : (
          <Grid view={view} from={from} to={to} month={monthOf(day)} days={days} today={today} open={open} add={(one) => setDialog({ day: one })} format={format} />
        ))}
      <Suspense>
        {dialog === "feed" && <FeedDialog close={() => setDialog(null)} />}
        {dialog && dialog !== "feed" && "id" in dialog && <AppointmentCard item={dialog} close={() => setDialog(null)} />}
        {dialog && dialog !== "feed" && !("id" in dialog) && <AppointmentDialog day={dialog.day} close={() => setDialog(null)} />}
      </Suspense>
    </Screen>
  );
}

/** Some hundreds of items of a month, page by page. */
async function all(from: string, to: string): Promise<{ items: CalendarItem[]; missing: string[]; cut: boolean }> {
  const items: CalendarItem[] = [];
  const missing = new Set<string>();
  let cursor: string | null = "";
  for (let n = 0; cursor !== null && n < PAGES; n++) {
    const page: Page<CalendarItem> & { missing: string[] } = await get(`/calendar?from=${from}&to=${to}&limit=200${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`);
    items.push(...page.items);
    page.missing.forEach((kind) => missing.add(kind));
    cursor = page.next_cursor;
  }
  return { items, missing: [...missing], cut: cursor !== null };
}

interface Shown {
  days: Map<Day, CalendarItem[]>;
  today: Day;
  open: (item: CalendarItem) => void;
  format: Format;
}

function List({ days, today, open, format }: Shown) {
  const { t } = useTranslation();
  if (days.size === 0) return <Nothing sign={IconCalendar}>{t("calendar.none")}</Nothing>;
  return [...days]
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([day, items]) => (
      <section key={day} className={css.day} data-today={day === today || undefined}>
        <h3>{format.day(`${day}T12:00:00Z`)}</h3>
        <ul>
          {together(items).map((line) => (
            <Item key={`${line.item.id} ${line.item.start}`} line={line} open={open} format={format} />
          ))}
        </ul>
      </section>
    ));
}

function Grid({ view, from, to, month, days, today, open, add, format }: Shown & { view: View; from: Day; to: Day; month: Day; add: (day: Day) => void }) {
  const { t } = useTranslation();
  const [whole, setWhole] = useState<Day | null>(null);
  const shown = daysBetween(from, to);
  const most = view === "month" ? IN_A_CELL : Infinity;
  return (
    <div className={css.grid} data-view={view} role="group" aria-label={t("calendar.title")}>
      {shown.slice(0, 7).map((day) => (
        <span key={day} className={css.weekday} aria-hidden>
          {format.weekday(`${day}T12:00:00Z`)}
        </span>
      ))}
      {shown.map((day) => {
        const lines = together(days.get(day) ?? []);
        const few = whole === day ? lines : lines.slice(0, most);
        return (
          <section key={day} className={css.cell} data-today={day === today || undefined} data-other={(view === "month" && monthOf(day) !== month) || undefined} aria-label={format.day(`${day}T12:00:00Z`)}>
            <button type="button" className={css.number} aria-label={t("calendar.new_on", { day: format.day(`${day}T12:00:00Z`) })} onClick={() => add(day)}>
              {Number(day.slice(8))}
            </button>
            {few.map(({ item, more }) => (
              <Chip key={`${item.id} ${item.start}`} item={item} more={more} open={open} format={format} />
            ))}
            {lines.length > few.length && (
              <button type="button" className={css.rest} onClick={() => setWhole(day)}>
                {t("calendar.rest", { count: lines.length - few.length })}
              </button>
            )}
          </section>
        );
      })}
    </div>
  );
}

function Chip({ item, more, open, format }: Line & { open: (item: CalendarItem) => void; format: Format }) {
  const { t } = useTranslation();
  const Sign = SIGNS[item.kind];
  const time = item.all_day ? "" : format.time(item.start);
  const words = (
    <>
      <Sign size={13} stroke={2} aria-label={t(`calendar.kind_${item.kind}`)} />
      <span>
        {time} {item.title}
        {more > 0 && ` +${more}`}
      </span>
    </>
  );
  const shared = { className: css.chip, "data-kind": item.kind, "data-late": item.overdue || undefined, title: item.title };
  if (item.kind === "appointment")
    return (
      <button type="button" {...shared} onClick={() => open(item)}>
        {words}
      </button>
    );
  return item.group_id ? (
    <Link href={`/g/${item.group_id}`} {...shared}>
      {words}
    </Link>
  ) : (
    <span {...shared}>{words}</span>
  );
}

/** A report that comes all day long is one line of the day. */
function together(items: CalendarItem[]): Line[] {
  const lines = new Map<string, Line>();
  for (const item of items) {
    const key = item.kind === "report" ? item.id : `${item.id} ${item.start}`;
    const line = lines.get(key);
    if (line) line.more += 1;
    else lines.set(key, { item, more: 0 });
  }
  return [...lines.values()];
}

function Item({ line: { item, more }, open, format }: { line: Line; open: (item: CalendarItem) => void; format: Format }) {
  const { t } = useTranslation();
  const room = useApp((state) => (item.group_id ? state.rooms[item.group_id]?.group.name : undefined));
  const Sign = SIGNS[item.kind];
  const time = item.all_day ? t("calendar.all_day") : item.end ? `${format.time(item.start)} – ${format.time(item.end)}` : format.time(item.start);
  const words = (
    <>
      <span className={css.sign} data-kind={item.kind} data-late={item.overdue || undefined}>
        <Sign size={18} stroke={1.8} aria-label={t(`calendar.kind_${item.kind}`)} />
      </span>
      <span>
        <strong>{item.title}</strong>
        <small>{[more ? t("calendar.more", { time, count: more }) : time, item.place, item.kind === "task" && item.state ? t(`task.${item.state}`) : null, room].filter(Boolean).join(" · ")}</small>
      </span>
    </>
  );
  if (item.kind === "appointment")
    return (
      <li>
        <button type="button" className={css.plain} onClick={() => open(item)}>
          {words}
        </button>
      </li>
    );
  return <li>{item.group_id ? <Link href={`/g/${item.group_id}`}>{words}</Link> : <span className={css.plain}>{words}</span>}</li>;
}

/** Monday where the browser does not know better. */
function firstWeekday(language: string): number {
  const tag = navigator.languages.find((one) => one.startsWith(language.slice(0, 2))) ?? language;
  const locale = new Intl.Locale(tag) as Intl.Locale & { getWeekInfo?: () => { firstDay: number } };
  return locale.getWeekInfo?.().firstDay ?? 1;
}
