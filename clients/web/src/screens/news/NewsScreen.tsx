import { ActionIcon, Button, Loader, SegmentedControl, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconChevronLeft, IconNews, IconPencilPlus, IconSearch } from "@tabler/icons-react";
import { lazy, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";
import type { Article } from "../../api/types";
import { useApp } from "../../state/store";
import { useFormat, useProblem } from "../../ui/format";
import { useFile } from "../../ui/useFile";
import css from "./news.module.css";
import { useNewsList } from "./useNews";

const WriteDialog = lazy(() => import("./WriteDialog"));

export default function NewsScreen() {
  const { t } = useTranslation();
  const say = useProblem();
  const publishes = useApp((state) => state.me!.permissions.some((one) => one === "news:publish" || one === "administrator"));
  const [writing, setWriting] = useState(false);
  const [unread, setUnread] = useState(false);
  const [words, setWords] = useState("");
  const [asked] = useDebouncedValue(words.trim(), 250);
  const planned = useNewsList(publishes ? "planned" : undefined);
  const { data, error, isPending, hasNextPage, fetchNextPage, isFetchingNextPage, refetch } = useNewsList(undefined, (unread ? "&unread=true" : "") + (asked ? `&q=${encodeURIComponent(asked)}` : ""));
  const items = data?.pages.flatMap((page) => page.items) ?? [];
  const waiting = publishes && !unread && !asked ? (planned.data?.pages.flatMap((page) => page.items) ?? []) : [];
  return (
    <section className={css.screen} aria-label={t("news.title")}>
      <header className={css.head}>
        <ActionIcon component={Link} href="/" className={css.back} aria-label={t("room.back")}>
          <IconChevronLeft size={24} />
        </ActionIcon>
        <h2>{t("news.title")}</h2>
        {publishes && (
          <Button size="sm" leftSection={<IconPencilPlus size={18} />} onClick={() => setWriting(true)}>
            {t("news.write")}
          </Button>
        )}
      </header>
      <div className={css.scroll}>
        <div className={css.find}>
          <TextInput type="search" aria-label={t("news.search")} placeholder={t("news.search")} value={words} onChange={(event) => setWords(event.currentTarget.value)} leftSection={<IconSearch size={17} stroke={1.8} />} />
          <SegmentedControl aria-label={t("news.which")} value={String(unread)} onChange={(value) => setUnread(value === "true")} data={[{ value: "false", label: t("catalogue.all") }, { value: "true", label: t("news.unread_only") }]} />
        </div>
        {isPending && <Loader className={css.wait} type="dots" />}
        {error && (
          <div className={css.wait}>
            <p>{say(error)}</p>
            <Button variant="light" onClick={() => void refetch()}>
              {t("do.retry")}
            </Button>
          </div>
        )}
        {data && items.length + waiting.length === 0 && (
          <div className={css.wait}>
            <IconNews size={44} stroke={1.3} />
            <p>{t(asked ? "news.none_found" : unread ? "news.all_read" : "news.none")}</p>
          </div>
        )}
        <ul className={css.list}>
          {[...waiting, ...items].map((article) => (
            <li key={article.id}>
              <Card article={article} />
            </li>
          ))}
        </ul>
        {hasNextPage && (
          <Button className={css.more} variant="subtle" loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>
            {t("members.more")}
          </Button>
        )}
      </div>
      <Suspense>{writing && <WriteDialog close={() => setWriting(false)} />}</Suspense>
    </section>
  );
}

function Card({ article }: { article: Article }) {
  const { t } = useTranslation();
  const format = useFormat();
  const { src } = useFile(pictureOf(article));
  const planned = article.status === "planned";
  const unread = !planned && !article.read_at;
  return (
    <Link href={`/news/${article.id}`} className={css.card} data-unread={unread || undefined}>
      {article.picture && <span className={css.picture}>{src && <img src={src} alt="" />}</span>}
      <span className={css.words}>
        <strong>
          {unread && <i role="img" aria-label={t("news.unread")} />}
          {article.title}
        </strong>
        <span>{article.summary}</span>
        <small>
          {article.must_read && <b>{t("news.must_read")}</b>}
          {planned ? t("news.planned", { when: format.moment(article.publish_at!) }) : format.moment(article.released_at!)}
        </small>
      </span>
    </Link>
  );
}

/** Its address changes with the picture, so that a new one is fetched. */
export function pictureOf(article: Article): string | null {
  return article.picture ? `/api/v1/news/${article.id}/picture?v=${article.picture.etag}` : null;
}
