import { useComputedColorScheme } from "@mantine/core";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Chart } from "../../api/types";
import { bokeh, onTap } from "./bokeh";
import css from "./report.module.css";

interface Props {
  chart: Chart;
  /** What a tap on a mark leads to. By keyboard the rows of the table lead there. */
  tap?: (key: string) => void;
}

/** Drawing keeps everything else waiting, so what is only scrolled past is not drawn. */
const STAYS_MS = 100;
const stayed = () => new Promise((done) => setTimeout(done, STAYS_MS));

/** A live chart. Its words are the server's description; its numbers are in the table beside it. */
export function Figure({ chart, tap }: Props) {
  const { t } = useTranslation();
  const scheme = useComputedColorScheme("light");
  const place = useRef<HTMLDivElement>(null);
  const tapped = useRef(tap);
  const [state, setState] = useState<"drawing" | "drawn" | "failed">("drawing");
  const figure = scheme === "dark" ? (chart.figure_dark ?? chart.figure) : chart.figure;
  useEffect(() => {
    tapped.current = tap;
  });

  useEffect(() => {
    const target = document.createElement("div");
    place.current!.replaceChildren(target);
    let gone = false;
    const views = Promise.all([bokeh(), stayed()]).then(([library]) => (gone ? undefined : library.embed.embed_item(structuredClone(figure), target)));
    views.then(
      (drawn) => {
        if (gone || !drawn) return;
        setState("drawn");
        onTap(drawn, (key) => tapped.current?.(key));
      },
      () => gone || setState("failed"),
    );
    return () => {
      gone = true;
      void views.then((drawn) => drawn?.clear?.()).catch(() => {});
      target.remove();
    };
  }, [figure]);

  return (
    <figure className={css.figure} role="img" aria-label={[chart.title, chart.description].filter(Boolean).join(". ")} data-state={state} data-tap={tap ? true : undefined}>
      {/* Time runs from left to right in a chart, whatever the language. */}
      <div ref={place} dir="ltr" />
      {state === "failed" && <p>{t("report.chart_failed")}</p>}
    </figure>
  );
}
