import { Button } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import i18next from "i18next";
import type { ReactNode } from "react";
import { Link } from "wouter";
import { problemWords } from "../ui/format";
import { NARROW } from "../ui/narrow";
import css from "./toast.module.css";
import { UNDO_MS } from "./tell";

export interface Toast {
  /** One with the same id takes the place of the one before. */
  id: string;
  title: string;
  message: string;
  /** Where it leads. */
  href?: string;
  /** Takes back what it tells of; what is refused is told in its place. */
  undo?: () => unknown;
  icon?: ReactNode;
  color?: string;
}

/** In a room on a phone the newest words and the field to write in are below, so it comes at the beginning of the talk. */
function overTalk(): "top-center" | undefined {
  const talk = matchMedia(NARROW).matches && document.querySelector("[role=log]");
  if (!talk) return undefined;
  document.documentElement.style.setProperty("--talk", `${talk.getBoundingClientRect().top}px`);
  return "top-center";
}

/** Something short at the edge of the screen, gone by itself. */
export function toast({ id, title, message, href, undo, icon, color }: Toast) {
  const text = <span className={css.text}>{message}</span>;
  async function back() {
    notifications.hide(id);
    try {
      await undo?.();
    } catch (problem) {
      toast({ id, title, message: problemWords(problem), color: "red" });
    }
  }
  notifications.hide(id);
  notifications.show({
    id,
    title,
    icon,
    color,
    position: overTalk(),
    autoClose: undo ? UNDO_MS : undefined,
    withBorder: true,
    radius: "lg",
    classNames: { icon: css.icon, title: css.title, description: css.description },
    closeButtonProps: { "aria-label": i18next.t("do.close") },
    message: href ? (
      <Link href={href} className={css.link} onClick={() => notifications.hide(id)}>
        {text}
      </Link>
    ) : undo ? (
      <span className={css.undo}>
        {text}
        <Button size="compact-sm" variant="light" onClick={() => void back()}>
          {i18next.t("do.undo")}
        </Button>
      </span>
    ) : (
      text
    ),
  });
}
