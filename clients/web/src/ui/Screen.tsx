import { ActionIcon, Button, Loader } from "@mantine/core";
import { IconChevronLeft } from "@tabler/icons-react";
import type { ComponentType, ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Link, useLocation } from "wouter";
import { useProblem } from "./format";
import css from "./Screen.module.css";

interface Props {
  title: string;
  /** Other screens of the same kind: address and name. */
  tabs?: [href: string, name: string][];
  back?: string;
  actions?: ReactNode;
  children: ReactNode;
}

/** A screen beside the rooms: its title, what can be done, and what scrolls beneath. */
export function Screen({ title, tabs = [], back = "/", actions, children }: Props) {
  const { t } = useTranslation();
  const [path] = useLocation();
  return (
    <section className={css.screen} aria-label={title}>
      <header className={css.head}>
        <ActionIcon component={Link} href={back} className={back === "/" ? css.back : undefined} aria-label={back === "/" ? t("room.back") : t("do.back")}>
          <IconChevronLeft size={24} className={css.mirror} />
        </ActionIcon>
        <h2>{title}</h2>
        {actions}
      </header>
      {tabs.length > 1 && (
        <nav className={css.tabs} aria-label={title}>
          {tabs.map(([href, name]) => (
            <Link key={href} href={href} aria-current={path === href ? "page" : undefined}>
              {name}
            </Link>
          ))}
        </nav>
      )}
      <div className={css.scroll}>{children}</div>
    </section>
  );
}

interface Asked {
  isPending: boolean;
  error: unknown;
  refetch: () => unknown;
}

/** While the answer is not there: that it is awaited, or why it did not come. What we had remains while it is asked for again. */
export function Waiting({ query, has }: { query: Asked; has: boolean }) {
  const { t } = useTranslation();
  const say = useProblem();
  if (query.isPending)
    return (
      <div className={css.wait}>
        <Loader type="dots" role="status" aria-label={t("do.loading")} />
      </div>
    );
  if (!query.error || has) return null;
  return (
    <div className={css.wait} role="alert">
      <p>{say(query.error)}</p>
      <Button variant="light" onClick={() => void query.refetch()}>
        {t("do.retry")}
      </Button>
    </div>
  );
}

/** Nothing is there yet, and what to do about it. */
export function Nothing({ sign: Sign, children, action }: { sign: ComponentType<{ size: number; stroke: number }>; children: ReactNode; action?: ReactNode }) {
  return (
    <div className={css.wait}>
      <Sign size={44} stroke={1.3} />
      <p>{children}</p>
      {action}
    </div>
  );
}

export function More({ query }: { query: { hasNextPage: boolean; isFetchingNextPage: boolean; fetchNextPage: () => unknown } }) {
  const { t } = useTranslation();
  if (!query.hasNextPage) return null;
  return (
    <Button className={css.more} variant="subtle" loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
      {t("members.more")}
    </Button>
  );
}
