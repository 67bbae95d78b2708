import { IconCalendar, IconChartHistogram, IconMessages, IconNews, IconSettings } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { Link, useLocation } from "wouter";
import { useUnreadNews } from "../news/useNews";
import css from "./RoomsPane.module.css";

/** Where one can go beside the rooms, below their list, under one's thumb on a phone. */
export function NavBar() {
  const { t } = useTranslation();
  const [path] = useLocation();
  const unread = useUnreadNews();
  const places = [
    { href: "/", name: t("list.title"), Sign: IconMessages },
    { href: "/news", name: t("news.title"), Sign: IconNews, label: unread > 0 ? t("news.count", { count: unread }) : undefined, dot: unread > 0 },
    { href: "/calendar", name: t("calendar.title"), Sign: IconCalendar },
    { href: "/reports", name: t("reports.title"), Sign: IconChartHistogram, of: ["/reports", "/subscriptions", "/alerts", "/sources"] },
    { href: "/settings", name: t("account.settings"), Sign: IconSettings },
  ];
  return (
    <ul className={css.nav}>
      {places.map(({ href, name, Sign, label, dot, of = [href] }) => (
        <li key={href}>
          <Link href={href} aria-label={label} aria-current={(href === "/" ? path === "/" || path.startsWith("/g/") : of.some((one) => path.startsWith(one))) ? "page" : undefined}>
            <span>
              <Sign size={22} stroke={1.7} />
              {dot && <i aria-hidden />}
            </span>
            {name}
          </Link>
        </li>
      ))}
    </ul>
  );
}
