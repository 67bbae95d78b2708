import { notifications } from "@mantine/notifications";
import i18next from "i18next";
import type { ReactNode } from "react";
import { Link } from "wouter";
import css from "./toast.module.css";

interface Toast {
  /** One with the same id takes the place of the one before. */
  id: string;
  title: string;
  message: string;
  /** Where it leads. */
  href?: string;
  icon?: ReactNode;
  color?: string;
}

/** Something short at the edge of the screen, gone by itself. */
export function toast({ id, title, message, href, icon, color }: Toast) {
  const text = <span className={css.text}>{message}</span>;
  notifications.hide(id);
  notifications.show({
    id,
    title,
    icon,
    color,
    withBorder: true,
    radius: "lg",
    classNames: { icon: css.icon, title: css.title },
    closeButtonProps: { "aria-label": i18next.t("do.close") },
    message: href ? (
      <Link href={href} className={css.link} onClick={() => notifications.hide(id)}>
        {text}
      </Link>
    ) : (
      text
    ),
  });
}
