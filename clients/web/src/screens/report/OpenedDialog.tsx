import { useInfiniteQuery } from "@tanstack/react-query";
import { IconEyeOff } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { Reader } from "../../api/reports";
import type { Page } from "../../api/types";
import { get } from "../../session";
import { useApp } from "../../state/store";
import { Avatar } from "../../ui/Avatar";
import { Dialog } from "../../ui/Dialog";
import { useFormat } from "../../ui/format";
import { useNames } from "../../ui/names";
import { More, Nothing, Waiting } from "../../ui/Screen";
import css from "../room/Dialogs.module.css";

/** Who has opened a report, and to whom else it was sent; for who asked for it and administrators. */
export default function OpenedDialog({ id, close }: { id: string; close: () => void }) {
  const { t } = useTranslation();
  const format = useFormat();
  const name = useNames();
  const people = useApp((state) => state.people);
  const query = useInfiniteQuery({
    queryKey: ["readers", id],
    queryFn: ({ pageParam }) => get<Page<Reader>>(`/reports/${id}/readers?limit=100${pageParam ? `&cursor=${encodeURIComponent(pageParam)}` : ""}`),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_cursor,
    staleTime: 0,
  });
  const readers = query.data?.pages.flatMap((page) => page.items) ?? [];
  const said = (one: Reader) =>
    one.last_opened_at ? [t("opened.at", { when: format.moment(one.last_opened_at) }), one.opened > 1 && t("opened.times", { count: one.opened })].filter(Boolean).join(" · ") : one.sent_at && t("opened.sent", { when: format.moment(one.sent_at) });
  const parts = [
    { title: t("opened.by"), those: readers.filter((one) => one.last_opened_at).toSorted((a, b) => b.last_opened_at!.localeCompare(a.last_opened_at!)) },
    { title: t("opened.not"), those: readers.filter((one) => !one.last_opened_at) },
  ];
  return (
    <Dialog close={close} title={t("opened.title")}>
      <Waiting query={query} has={Boolean(query.data)} />
      {query.data && readers.length === 0 && <Nothing sign={IconEyeOff}>{t("opened.none")}</Nothing>}
      {parts.map(
        ({ title, those }) =>
          those.length > 0 && (
            <section key={title} className={css.part}>
              <h3>{title}</h3>
              <ul aria-label={title}>
                {those.map((one) => (
                  <li key={one.user_id}>
                    <Avatar id={one.user_id} name={name(one.user_id)} size={32} src={people[one.user_id]?.avatar_url} />
                    <span>
                      {name(one.user_id)}
                      <small>{said(one)}</small>
                    </span>
                  </li>
                ))}
              </ul>
            </section>
          ),
      )}
      <More query={query} />
    </Dialog>
  );
}
