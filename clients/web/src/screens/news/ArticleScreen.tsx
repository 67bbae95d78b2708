import { ActionIcon, Button, Group as Row, Loader, Text } from "@mantine/core";
import { IconCheck, IconChevronLeft, IconPencil, IconTrash } from "@tabler/icons-react";
import { lazy, Suspense, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useLocation } from "wouter";
import { Problem } from "../../api/http";
import type { Article } from "../../api/types";
import { access, queries } from "../../session";
import { Dialog } from "../../ui/Dialog";
import { useFormat, useProblem } from "../../ui/format";
import { useNames } from "../../ui/names";
import { useFile } from "../../ui/useFile";
import { pictureOf } from "./NewsScreen";
import css from "./news.module.css";
import { useArticle } from "./useNews";

const WriteDialog = lazy(() => import("./WriteDialog"));

export default function ArticleScreen({ id }: { id: string }) {
  const { t } = useTranslation();
  const say = useProblem();
  const [editing, setEditing] = useState(false);
  const { data, error, isPending } = useArticle(id);
  return (
    <section className={css.screen} aria-label={data?.title ?? t("news.title")}>
      <header className={css.head}>
        <ActionIcon component={Link} href="/news" aria-label={t("news.back")}>
          <IconChevronLeft size={24} />
        </ActionIcon>
        <h2>{t("news.title")}</h2>
        {data?.may_change && data.status !== "withdrawn" && (
          <>
            <ActionIcon aria-label={t("news.edit")} onClick={() => setEditing(true)}>
              <IconPencil size={20} stroke={1.8} />
            </ActionIcon>
            <Withdraw article={data} />
          </>
        )}
      </header>
      <div className={css.scroll}>
        {isPending && <Loader className={css.wait} type="dots" />}
        {error && <p className={css.wait}>{error instanceof Problem && error.status === 404 ? t("news.gone") : say(error)}</p>}
        {data && <Whole article={data} />}
      </div>
      <Suspense>{editing && data && <WriteDialog article={data} close={() => setEditing(false)} />}</Suspense>
    </section>
  );
}

function Whole({ article }: { article: Article }) {
  const { t } = useTranslation();
  const format = useFormat();
  const name = useNames();
  const say = useProblem();
  const { src } = useFile(pictureOf(article));
  const [problem, setProblem] = useState<unknown>(null);
  const released = article.status === "released";
  const asks = released && article.must_read && !article.read_at;
  const { id, version, must_read, read_at } = article;

  function read() {
    setProblem(null);
    markRead(id, version).catch(setProblem);
  }
  // What must be read is said to be read by its reader, anything else by having been opened.
  useEffect(() => {
    if (released && !must_read && !read_at) void markRead(id, version).catch(() => {});
  }, [id, version, must_read, read_at, released]);

  return (
    <article className={css.article}>
      <h1>{article.title}</h1>
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
      <div className={css.body} dangerouslySetInnerHTML={{ __html: article.html! /* made and cleaned by the server */ }} />
      {asks && (
        <Button leftSection={<IconCheck size={18} />} onClick={read}>
          {t("news.confirm")}
        </Button>
      )}
      {article.must_read && article.read_at && <p className={css.by}>{t("news.read", { when: format.moment(article.read_at) })}</p>}
      {problem !== null && (
        <p className={css.problem} role="alert">
          {say(problem)}
        </p>
      )}
      {article.may_change && article.must_read && released && <Readers id={article.id} />}
    </article>
  );
}

async function markRead(id: string, version: number) {
  await access.request("PUT", `/news/${id}/read`, { version });
  await queries.invalidateQueries({ queryKey: ["news"] });
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
  const say = useProblem();
  const [, go] = useLocation();
  const [sure, setSure] = useState(false);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<unknown>(null);
  async function act() {
    setBusy(true);
    try {
      await access.request("DELETE", `/news/${article.id}`);
      await queries.invalidateQueries({ queryKey: ["news"] });
      go("/news");
    } catch (error) {
      setProblem(error);
      setBusy(false);
    }
  }
  return (
    <>
      <ActionIcon aria-label={t("news.withdraw")} onClick={() => setSure(true)}>
        <IconTrash size={20} stroke={1.8} />
      </ActionIcon>
      {sure && (
        <Dialog close={() => setSure(false)} title={t("news.withdraw_sure")}>
          <Text size="sm">{t("news.withdraw_text")}</Text>
          {problem !== null && (
            <Text size="sm" c="red" mt="sm" role="alert">
              {say(problem)}
            </Text>
          )}
          <Row justify="flex-end" mt="lg" gap="sm">
            <Button variant="default" onClick={() => setSure(false)}>
              {t("do.cancel")}
            </Button>
            <Button color="red" loading={busy} onClick={act}>
              {t("news.withdraw")}
            </Button>
          </Row>
        </Dialog>
      )}
    </>
  );
}
