import { Skeleton } from "@mantine/core";
import { IconArrowsMaximize, IconChartHistogram, IconLock } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";
import { Problem } from "../../api/http";
import { useFormat, useProblem } from "../../ui/format";
import { Figure } from "./Figure";
import { Kpis } from "./Kpis";
import css from "./report.module.css";
import { useReport } from "./useReports";

interface Props {
  id: string;
  title?: string;
  type?: string;
  at: string;
  groupId: string;
}

/** A report in the talk: its key figures and its first chart; the rest is one step away. */
export function ReportCard({ id, title, type, at, groupId }: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  const say = useProblem();
  const { data, error, refetch } = useReport(id);
  const name = data?.title ?? title ?? (type ? t(`report_type.${type}`) : t("report.title"));
  const forbidden = error instanceof Problem && error.status === 403;
  const href = `/g/${groupId}/r/${id}`;
  return (
    <article className={css.card} aria-label={t("entry.report", { title: name })}>
      <header className={css.cardHead}>
        <span className={css.sign} aria-hidden>
          {forbidden ? <IconLock size={19} stroke={1.8} /> : <IconChartHistogram size={19} stroke={1.8} />}
        </span>
        <div>
          <h3>{name}</h3>
          <p>{data?.as_of ? t("report.as_of", { when: format.moment(data.as_of) }) : format.moment(at)}</p>
        </div>
        {data && (
          <Link href={href} className={css.open}>
            <IconArrowsMaximize size={16} stroke={2} aria-hidden />
            <span className={css.word}>{t("report.open")}</span>
            <span className="hidden"> {name}</span>
          </Link>
        )}
      </header>
      {data ? (
        <>
          <Kpis kpis={data.kpis.slice(0, 4)} />
          {data.charts[0] && (
            <section className={css.first}>
              <h4>{data.charts[0].title}</h4>
              <Figure chart={data.charts[0]} />
            </section>
          )}
        </>
      ) : error ? (
        <div className={css.refused}>
          <p>{forbidden ? t("report.forbidden") : error instanceof Problem && error.status === 404 ? t("report.gone") : `${t("report.broken")} ${say(error)}`}</p>
          {forbidden ? (
            <small>{t("report.forbidden_text")}</small>
          ) : (
            <button type="button" onClick={() => void refetch()}>
              {t("do.retry")}
            </button>
          )}
        </div>
      ) : (
        <div className={css.waiting} aria-busy>
          <Skeleton height={62} radius="md" />
          <Skeleton height={320} radius="md" />
        </div>
      )}
    </article>
  );
}
