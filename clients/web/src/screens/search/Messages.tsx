import { Button, Loader } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";
import type { Entry, Page } from "../../api/types";
import { get } from "../../session";
import { useApp } from "../../state/store";
import { Avatar } from "../../ui/Avatar";
import { useFormat, useProblem } from "../../ui/format";
import { useNames } from "../../ui/names";
import { enough, Highlighted } from "./highlight";
import css from "./search.module.css";

interface Found {
  group_id: string;
  snippet: string;
  entry: Entry;
}

/**
 * The messages that hold the words, the newest first, each leading to its place in the talk.
 *
 * @param groupId only of this room; without it, of all rooms.
 */
export function Messages({ query, groupId, go }: { query: string; groupId?: string; go?: () => void }) {
  const { t } = useTranslation();
  const say = useProblem();
  const format = useFormat();
  const name = useNames();
  const rooms = useApp((state) => state.rooms);
  const people = useApp((state) => state.people);
  const search = useInfiniteQuery({
    queryKey: ["search", query, groupId ?? ""],
    queryFn: ({ pageParam }) =>
      get<Page<Found>>(`/search?limit=20&q=${encodeURIComponent(query)}${groupId ? `&group_id=${groupId}` : ""}${pageParam ? `&cursor=${encodeURIComponent(pageParam)}` : ""}`),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_cursor || undefined,
    enabled: enough(query),
    staleTime: 5_000,
  });
  const found = search.data?.pages.flatMap((page) => page.items) ?? [];
  if (!enough(query)) return <p className={css.none}>{t("search.more_letters")}</p>;
  if (search.isPending) return <Loader className={css.wait} type="dots" size="sm" role="status" aria-label={t("do.loading")} />;
  return (
    <>
      {search.error && (
        <p className={css.none} role="alert">
          {say(search.error)}{" "}
          <Button size="compact-sm" variant="subtle" onClick={() => void search.refetch()}>
            {t("do.retry")}
          </Button>
        </p>
      )}
      <p className={found.length || search.error ? "hidden" : css.none} role="status">
        {found.length ? t("search.found", { count: found.length }) : t("search.none")}
      </p>
      <ul className={css.list} aria-label={t("search.messages")}>
        {found.map(({ group_id, snippet, entry }) => (
          <li key={entry.id}>
            <Link href={`/g/${group_id}?at=${entry.seq}`} className={css.found} data-row onClick={go}>
              <Avatar id={entry.sender_id ?? ""} name={name(entry.sender_id)} size={38} src={entry.sender_id ? people[entry.sender_id]?.avatar_url : null} />
              <span className={css.words}>
                <span className={css.line}>
                  <strong dir="auto">{groupId ? name(entry.sender_id) : (rooms[group_id]?.group.name ?? "")}</strong>
                  <time dateTime={entry.at}>{format.dayKey(entry.at) === format.dayKey(Date.now()) ? format.time(entry.at) : format.short(entry.at)}</time>
                </span>
                <span dir="auto" className={css.snippet}>
                  {!groupId && `${name(entry.sender_id).split(",")[0]}: `}
                  <Highlighted text={snippet} query={query} />
                </span>
              </span>
            </Link>
          </li>
        ))}
      </ul>
      {search.hasNextPage && (
        <Button fullWidth variant="subtle" size="sm" loading={search.isFetchingNextPage} onClick={() => void search.fetchNextPage()}>
          {t("members.more")}
        </Button>
      )}
    </>
  );
}
