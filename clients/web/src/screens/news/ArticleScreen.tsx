import { ActionIcon, Button } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { IconCheck, IconNewsOff, IconPencil, IconTrash } from "@tabler/icons-react";
import { Suspense, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { useLocation } from "wouter";
import { Problem } from "../../api/http";
import type { Article } from "../../api/types";
import { renew } from "../../api/queries";
import { access } from "../../session";
import { useFormat } from "../../ui/format";
import { useNames } from "../../ui/names";
import { Nothing, Screen, Waiting } from "../../ui/Screen";
import { Sure } from "../../ui/Sure";
import { useFile } from "../../ui/useFile";
import { Wrong } from "../../ui/Wrong";
import { lazily } from "../../ui/lazily";
import { pictureOf } from "./NewsScreen";
import css from "./news.module.css";
import { useArticle } from "./useNews";

const WriteDialog = lazily(() => import("./WriteDialog"));

export default function ArticleScreen({ id }: { id: string }) {
  const { t } = useTranslation();
  const [editing, setEditing] = useState(false);
  const query = useArticle(id);
  const { data, error } = query;
  const gone = error instanceof Problem && error.status === 404;
  const actions = data?.may_change && data.status !== "withdrawn" && (
    <>
      <ActionIcon aria-label={t("news.edit")} onClick={() => setEditing(true)}>
        <IconPencil size={20} stroke={1.8} />
      </ActionIcon>
      <Withdraw article={data} />
    </>
  );
  return (
    <Screen title={t("news.title")} back="/news" actions={actions}>
      {gone ? <Nothing sign={IconNewsOff}>{t("news.gone")}</Nothing> : <Waiting query={query} has={Boolean(data)} />}
      {data && !gone && <Whole article={data} />}
      <Suspense>{editing && data && <WriteDialog article={data} close={() => setEditing(false)} />}</Suspense>
    </Screen>
  );
}

function Whole({ article }: { article: Article }) {
  const { t } = useTranslation();
  const format = useFormat();
  const name = useNames();
  const { src } = useFile(pictureOf(article));
  const released = article.status === "released";
  const asks = released && article.must_read && !article.read_at;
  const { id, version, must_read, read_at } = article;

  const read = useMutation({ mutationFn: () => markRead(id, version) });
  // What must be read is said to be read by its reader, anything else by having been opened.
  useEffect(() => {
    if (released && !must_read && !read_at) void markRead(id, version).catch(() => {});
  }, [id, version, must_read, read_at, released]);

  return (
    <article className={css.article}>
      <h1 dir="auto">{article.title}</h1>
      <p className={css.by}>
        {article.must_read && <b>{t("news.must_read")}</b>}
        {name(article.author_id)} · {released ? format.moment(article.released_at!) : t(`news.status_${article.status}`)}
        {article.changed_at && ` · ${t("news.changed", { when: format.moment(article.changed_at) })}`}
      </p>
      {article.picture && (
        <div className={css.large} style={{ aspectRatio: `${article.picture.width} / ${article.picture.height}` }}>
          {src && <img src={src} alt="" />}
        </div>
      )}
      <div dir="auto" className={css.body} dangerouslySetInnerHTML={{ __html: article.html! /* made and cleaned by the server */ }} />
      {asks && (
        <Button leftSection={<IconCheck size={18} />} loading={read.isPending} onClick={() => read.mutate()}>
          {t("news.confirm")}
        </Button>
      )}
      {article.must_read && article.read_at && <p className={css.by}>{t("news.read", { when: format.moment(article.read_at) })}</p>}
      <Wrong problem={read.error} />
      {article.may_change && article.must_read && released && <Readers id={article.id} />}
    </article>
  );
}

async function markRead(id: string, version: number) {
  await access.request("PUT", `/news/${id}/read`, { version });
  await renew("news");
}

interface Readers {
  items: { user_id: string; display_name: string; read_at: string | null }[];
  read: number;
  unread: number;
}

function Readers({ id }: { id: string }) {
  const { t } = useTranslation();
  const [readers, setReaders] = useState<Readers | null>(null);
  useEffect(() => {
    access.request<Readers>("GET", `/news/${id}/reads?read=false&limit=200`).then(setReaders, () => {});
  }, [id]);
  if (!readers) return null;
  return (
    <details className={css.readers}>
      <summary>{t("news.readers", { read: readers.read, all: readers.read + readers.unread })}</summary>
      <ul>
        {readers.items.map((reader) => (
          <li key={reader.user_id}>{reader.display_name}</li>
        ))}
      </ul>
    </details>
  );
}

function Withdraw({ article }: { article: Article }) {
  const { t } = useTranslation();
  const [, go] = useLocation();
  const [sure, setSure] = useState(false);
  return (
    <>
      <ActionIcon aria-label={t("news.withdraw")} onClick={() => setSure(true)}>
        <IconTrash size={20} stroke={1.8} />
      </ActionIcon>
      {sure && (
        <Sure
          title={t("news.withdraw_sure")}
          text={t("news.withdraw_text")}
          does={t("news.withdraw")}
          act={() => access.request("DELETE", `/news/${article.id}`)}
          then={() => {
            void renew("news");
            go("/news");
          }}
          close={() => setSure(false)}
        />
      )}
    </>
  );
}
