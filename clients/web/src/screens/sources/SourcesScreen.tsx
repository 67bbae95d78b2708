import { Badge, Button } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { IconDatabase, IconRefresh } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";
import type { Load, Source } from "../../api/reports";
import { renew } from "../../api/queries";
import { get, make, uuid } from "../../session";
import { useApp } from "../../state/store";
import { useFormat } from "../../ui/format";
import { Nothing, Screen, Waiting } from "../../ui/Screen";
import { Wrong } from "../../ui/Wrong";
import { useReportTabs } from "../reports/useReportTabs";
import { useRhythmWords } from "../subscriptions/useRhythmWords";
import { Loads } from "./Loads";
import css from "./sources.module.css";

/** Loads are not told to everybody who may see them: while this is looked at, it is asked for. */
const LOOK_AGAIN_MS = 15_000;
const LOADING_MS = 2_000;

/** Where the numbers come from, and how fresh they are; with one open, its loads. */
export default function SourcesScreen({ open }: { open?: string }) {
  const { t } = useTranslation();
  const tabs = useReportTabs();
  const query = useQuery({
    queryKey: ["sources"],
    queryFn: async () => (await get<{ items: Source[] }>("/sources")).items,
    refetchInterval: ({ state }) => (state.data?.some((one) => underWay(one.last_load)) ? LOADING_MS : LOOK_AGAIN_MS),
  });
  const shown = open ? query.data?.find((one) => one.name === open) : undefined;
  return (
    <Screen title={shown?.title ?? t("sources.title")} tabs={open ? [] : tabs} back={open ? "/sources" : "/"}>
      <Waiting query={query} has={Boolean(query.data)} />
      {query.data && (open ? !shown : query.data.length === 0) && <Nothing sign={IconDatabase}>{t("sources.none")}</Nothing>}
      <ul className={css.list}>
        {(shown ? [shown] : open ? [] : query.data)?.map((source) => (
          <li key={source.name}>
            <Card source={source} whole={Boolean(shown)} />
          </li>
        ))}
      </ul>
      {shown && <Loads source={shown} />}
    </Screen>
  );
}

export const underWay = (load: Load | null) => load?.status === "queued" || load?.status === "running";

/** How a source is: the word, and a colour on top. */
export function State({ load }: { load: Load | null }) {
  const { t } = useTranslation();
  const [word, color] = !load
    ? ["never", "gray"]
    : underWay(load)
      ? ["loading", "blue"]
      : load.status === "failed"
        ? ["failed", "red"]
        : load.mismatches > 0
          ? ["mismatched", "orange"]
          : ["good", "green"];
  return (
    <Badge variant="light" color={color} autoContrast tt="none" fw={560} size="md" className={css.state} data-state={word}>
      {t(`sources.${word}`)}
    </Badge>
  );
}

function Card({ source, whole }: { source: Source; whole: boolean }) {
  const { t } = useTranslation();
  const format = useFormat();
  const rhythm = useRhythmWords();
  const administrator = useApp((state) => state.me!.permissions.includes("administrator"));
  const load = source.last_load;
  const rows = Object.values(source.rows ?? {}).reduce((sum, count) => sum + count, 0);

  const acquire = useMutation({
    mutationFn: () => make(`/sources/${source.name}/acquire`, {}, uuid()),
    onSuccess: () => Promise.all([["sources"], ["loads", source.name]].map((queryKey) => renew(...queryKey))),
  });

  return (
    <article className={css.card} aria-label={source.title}>
      <header>
        <div>
          <h3>{whole ? t("sources.freshness") : <Link href={`/sources/${source.name}`}>{source.title}</Link>}</h3>
          <p>{[source.kind, source.owner && t("sources.owner", { owner: source.owner })].filter(Boolean).join(" · ")}</p>
        </div>
        <State load={load} />
      </header>
      <dl>
        <div>
          <dt>{t("sources.as_of")}</dt>
          <dd>{source.as_of ? <time dateTime={source.as_of} title={format.moment(source.as_of)}>{format.ago(source.as_of)}</time> : "–"}</dd>
        </div>
        <div>
          <dt>{t("sources.rows")}</dt>
          <dd>{rows ? format.number(rows) : "–"}</dd>
        </div>
        <div>
          <dt>{t("sources.schedule")}</dt>
          <dd>{source.schedule ? rhythm(source.schedule) : t("sources.by_hand")}</dd>
        </div>
        <div>
          <dt>{t("sources.next")}</dt>
          <dd>{source.next ? format.moment(source.next) : "–"}</dd>
        </div>
      </dl>
      {load?.status === "failed" && (
        <p className={css.failed} role="note">
          {load.error}
        </p>
      )}
      <Wrong problem={acquire.error} />
      <footer>
        {!whole && (
          <Button component={Link} href={`/sources/${source.name}`} variant="default" size="xs">
            {t("sources.history")}
          </Button>
        )}
        {administrator && (
          <Button size="xs" variant="light" leftSection={<IconRefresh size={15} />} loading={acquire.isPending || underWay(load)} onClick={() => acquire.mutate()}>
            {t("sources.acquire")}
          </Button>
        )}
      </footer>
    </article>
  );
}
