import { Button, SegmentedControl, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconNews, IconPencilPlus, IconSearch } from "@tabler/icons-react";
import { Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";
import type { Article } from "../../api/types";
import { useApp } from "../../state/store";
import { useFormat } from "../../ui/format";
import { More, Nothing, Screen, Waiting } from "../../ui/Screen";
import { useFile } from "../../ui/useFile";
import { lazily } from "../../ui/lazily";
import css from "./news.module.css";
import { useNewsList } from "./useNews";

const WriteDialog = lazily(() => import("./WriteDialog"));

export default function NewsScreen() {
  const { t } = useTranslation();
  const publishes = useApp((state) => state.me!.permissions.some((one) => one === "news:publish" || one === "administrator"));
  const [writing, setWriting] = useState(false);
  const [unread, setUnread] = useState(false);
  const [words, setWords] = useState("");
  const [asked] = useDebouncedValue(words.trim(), 250);
  const planned = useNewsList(publishes ? "planned" : undefined);
  const query = useNewsList(undefined, (unread ? "&unread=true" : "") + (asked ? `&q=${encodeURIComponent(asked)}` : ""));
  const items = query.data?.pages.flatMap((page) => page.items) ?? [];
  const waiting = publishes && !unread && !asked ? (planned.data?.pages.flatMap((page) => page.items) ?? []) : [];
  const write = publishes && (
    <Button size="sm" leftSection={<IconPencilPlus size={18} />} onClick={() => setWriting(true)}>
      {t("news.write")}
    </Button>
  );
  return (
    <Screen title={t("news.title")} actions={write}>
      <div className={css.find}>
        <TextInput type="search" aria-label={t("news.search")} placeholder={t("news.search")} value={words} onChange={(event) => setWords(event.currentTarget.value)} leftSection={<IconSearch size={17} stroke={1.8} />} />
        <SegmentedControl aria-label={t("news.which")} value={String(unread)} onChange={(value) => setUnread(value === "true")} data={[{ value: "false", label: t("catalogue.all") }, { value: "true", label: t("news.unread_only") }]} />
      </div>
      <Waiting query={query} has={Boolean(query.data)} />
      {query.data && items.length + waiting.length === 0 && <Nothing sign={IconNews}>{t(asked ? "news.none_found" : unread ? "news.all_read" : "news.none")}</Nothing>}
      <ul className={css.list}>
        {[...waiting, ...items].map((article) => (
          <li key={article.id}>
            <Card article={article} />
          </li>
        ))}
      </ul>
      <More query={query} />
      <Suspense>{writing && <WriteDialog close={() => setWriting(false)} />}</Suspense>
    </Screen>
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
        <strong dir="auto">
          {unread && <i role="img" aria-label={t("news.unread")} />}
          {article.title}
        </strong>
        <span dir="auto">{article.summary}</span>
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
