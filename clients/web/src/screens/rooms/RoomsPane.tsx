import { ActionIcon, CloseButton, TextInput, Tooltip } from "@mantine/core";
import { IconEdit, IconSearch, IconUsersPlus } from "@tabler/icons-react";
import { Suspense, useEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Virtuoso } from "react-virtuoso";
import { useLocation } from "wouter";
import type { Catalogue } from "../../api/types";
import { unread, type Room } from "../../state/apply";
import { useApp } from "../../state/store";
import { Mark } from "../../ui/Mark";
import { useAway } from "../../ui/useAway";
import { lazily } from "../../ui/lazily";
import { AccountMenu } from "../account/AccountMenu";
import { NavBar } from "./NavBar";
import { RoomRow } from "./RoomRow";
import css from "./RoomsPane.module.css";

const CreateDialog = lazily(() => import("../create/CreateDialog"));
const Found = lazily(() => import("../search/Found"));
const DiscoverDialog = lazily(() => import("../discover/DiscoverDialog"));

const TABS = ["all", "chat", "business", "task"] as const;

/** Newest first; what has ended sinks to the end. */
function order(a: Room, b: Room): number {
  return Number(Boolean(a.group.ended_at)) - Number(Boolean(b.group.ended_at)) || latest(b).localeCompare(latest(a));
}
function latest(room: Room): string {
  return room.latest?.at ?? room.group.created_at ?? "";
}

export function RoomsPane({ open }: { open?: string }) {
  const { t } = useTranslation();
  const rooms = useApp((state) => state.rooms);
  const ready = useApp((state) => state.ready);
  const away = useAway();
  const customer = useApp((state) => state.me?.kind === "customer");
  const [tab, setTab] = useState<(typeof TABS)[number]>("all");
  const [search, setSearch] = useState("");
  const field = useRef<HTMLInputElement>(null);
  useSearchKey(field);
  const [dialog, setDialog] = useState<"create" | "discover" | null>(null);

  const all = useMemo(() => Object.values(rooms).sort(order), [rooms]);
  const words = search.trim().toLocaleLowerCase();
  const shown = all.filter((room) => (tab === "all" || room.group.catalogue === tab) && (!words || room.group.name.toLocaleLowerCase().includes(words)));
  const news = (catalogue: Catalogue) => all.some((room) => room.group.catalogue === catalogue && unread(room) > 0);

  return (
    <nav className={css.pane} aria-label={t("list.title")}>
      <header className={css.head}>
        <Mark size={30} />
        <h1>Bchat</h1>
        <span className={css.link} role="status">
          {away && <span className={css.away}>{t(navigator.onLine ? "link.connecting" : "link.offline")}</span>}
        </span>
        <Tooltip label={t("list.discover")}>
          <ActionIcon aria-label={t("list.discover")} onClick={() => setDialog("discover")}>
            <IconUsersPlus size={20} stroke={1.8} />
          </ActionIcon>
        </Tooltip>
        {!customer && (
          <Tooltip label={t("list.new")}>
            <ActionIcon aria-label={t("list.new")} onClick={() => setDialog("create")}>
              <IconEdit size={20} stroke={1.8} />
            </ActionIcon>
          </Tooltip>
        )}
        <AccountMenu />
      </header>
      <TextInput
        className={css.search}
        ref={field}
        type="search"
        aria-keyshortcuts="Control+K /"
        aria-label={t("list.search")}
        placeholder={t("list.search")}
        value={search}
        onChange={(event) => setSearch(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === "Escape") setSearch("");
          if (event.key === "ArrowDown") document.querySelector<HTMLElement>("a[data-row]")?.focus();
        }}
        leftSection={<IconSearch size={17} stroke={1.8} />}
        rightSection={search && <CloseButton size="sm" aria-label={t("do.cancel")} onClick={() => setSearch("")} />}
        variant="filled"
      />
      <div className={css.tabs} role="tablist" aria-label={t("create.catalogue")} onKeyDown={moveTab}>
        {TABS.map((name) => (
          <button key={name} type="button" role="tab" aria-selected={tab === name} tabIndex={tab === name ? 0 : -1} onClick={() => setTab(name)}>
            {t(`catalogue.${name}`)}
            {name !== "all" && news(name) && <i aria-hidden />}
          </button>
        ))}
      </div>
      <div className={css.list} onKeyDown={moveRow}>
        {words && ready ? (
          <Suspense fallback={<Ghosts />}>
            <Found words={search.trim()} rooms={shown} open={open} />
          </Suspense>
        ) : shown.length > 0 ? (
          <Virtuoso data={shown} computeItemKey={(_, room) => room.group.id} increaseViewportBy={200} itemContent={(_, room) => <RoomRow room={room} open={room.group.id === open} />} />
        ) : (
          ready && (
            <div className={css.none}>
              <p>{t(all.length ? "list.none_here" : "list.none")}</p>
              {!customer && <p>{t("list.start")}</p>}
            </div>
          )
        )}
        {!ready && <Ghosts />}
      </div>
      <NavBar />
      <Suspense>
        {dialog === "create" && <CreateDialog close={() => setDialog(null)} />}
        {dialog === "discover" && <DiscoverDialog close={() => setDialog(null)} />}
      </Suspense>
    </nav>
  );
}

/** Ctrl-K, or a slash where nothing is being written, leads to the search; where the list is not on the screen, to the list first. */
function useSearchKey(field: React.RefObject<HTMLInputElement | null>) {
  const [, go] = useLocation();
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      const writing = (event.target as HTMLElement).closest?.("input, textarea, select, [contenteditable]");
      const asked = (event.key === "k" && (event.ctrlKey || event.metaKey)) || (event.key === "/" && !writing);
      if (!asked || document.querySelector("[role=dialog]")) return;
      event.preventDefault();
      if (!field.current?.checkVisibility()) go("/");
      requestAnimationFrame(() => field.current?.focus());
    };
    addEventListener("keydown", listen);
    return () => removeEventListener("keydown", listen);
  }, [field, go]);
}

/** Arrow keys walk the rows and the tabs, as people expect of lists. */
function moveRow(event: React.KeyboardEvent<HTMLElement>) {
  if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
  const rows = [...event.currentTarget.querySelectorAll<HTMLElement>("a[data-row]")];
  const next = rows[rows.indexOf(document.activeElement as HTMLElement) + (event.key === "ArrowDown" ? 1 : -1)];
  if (next) {
    event.preventDefault();
    next.focus();
  }
}
function moveTab(event: React.KeyboardEvent<HTMLElement>) {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!step) return;
  const tabs = [...event.currentTarget.querySelectorAll<HTMLElement>("button")];
  const forward = getComputedStyle(event.currentTarget).direction === "rtl" ? -step : step;
  const next = tabs[(tabs.indexOf(document.activeElement as HTMLElement) + forward + tabs.length) % tabs.length];
  next?.focus();
  next?.click();
}

function Ghosts() {
  return (
    <div aria-hidden>
      {Array.from({ length: 7 }, (_, i) => (
        <div key={i} className={css.ghost} style={{ opacity: 1 - i * 0.13 }} />
      ))}
    </div>
  );
}
