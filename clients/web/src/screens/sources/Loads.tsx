import { useInfiniteQuery } from "@tanstack/react-query";
import { IconHistory } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { Load, Source } from "../../api/reports";
import type { Page } from "../../api/types";
import { get } from "../../session";
import { useFormat } from "../../ui/format";
import { More, Nothing, Waiting } from "../../ui/Screen";
import { State } from "./SourcesScreen";
import css from "./sources.module.css";

/** The loads of a source, newest first: what each read and changed, and what does not agree. */
export function Loads({ source }: { source: Source }) {
  const { t } = useTranslation();
  const query = useInfiniteQuery({
    queryKey: ["loads", source.name, source.last_load?.id, source.last_load?.status],
    queryFn: ({ pageParam }) => get<Page<Load>>(`/sources/${source.name}/loads?limit=25${pageParam ? `&cursor=${pageParam}` : ""}`),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_cursor,
    placeholderData: (before) => before,
  });
  const items = query.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <section className={css.loads} aria-label={t("sources.history")}>
      <h3>{t("sources.history")}</h3>
      <Waiting query={query} has={Boolean(query.data)} />
      {query.data && items.length === 0 && <Nothing sign={IconHistory}>{t("sources.never")}</Nothing>}
      <ul>
        {items.map((load) => (
          <li key={load.id}>
            <One load={load} />
          </li>
        ))}
      </ul>
      <More query={query} />
    </section>
  );
}

function One({ load }: { load: Load }) {
  const { t } = useTranslation();
  const format = useFormat();
  const changed = Object.entries(load.changed ?? {}).filter(([, count]) => count > 0);
  const differing = load.checks?.filter((check) => !check.agrees) ?? [];
  return (
    <details className={css.load}>
      <summary>
        <time dateTime={load.created_at}>{format.moment(load.created_at)}</time>
        <span>{[load.seconds !== null && t("sources.seconds", { value: format.number(load.seconds) }), t("sources.changed", { count: changed.reduce((sum, [, count]) => sum + count, 0) })].filter(Boolean).join(" · ")}</span>
        <State load={load} />
      </summary>
      {load.error && <p className={css.failed}>{load.error}</p>}
      {differing.map((check) => (
        <p key={`${check.name} ${check.company_id}`} className={css.failed}>
          {t("sources.differs", { check: t(`check.${check.name}`, check.name), company: check.company, found: format.quantity(check.found, check.currency), expected: format.quantity(check.expected, check.currency) })}
        </p>
      ))}
      <table>
        <thead>
          <tr>
            <th scope="col">{t("sources.view")}</th>
            <th scope="col">{t("sources.rows")}</th>
            <th scope="col">{t("sources.of_them_changed")}</th>
          </tr>
        </thead>
        <tbody>
          {Object.entries(load.rows ?? {})
            .sort(([a], [b]) => a.localeCompare(b))
            .map(([view, count]) => (
              <tr key={view}>
                <th scope="row">{view}</th>
                <td>{format.number(count)}</td>
                <td>{format.number(load.changed?.[view] ?? 0)}</td>
              </tr>
            ))}
        </tbody>
      </table>
    </details>
  );
}
