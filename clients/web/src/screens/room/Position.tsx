import { IconMapPin } from "@tabler/icons-react";
import { Suspense, useEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";
import type { Entry, Role } from "../../api/types";
import { useFormat } from "../../ui/format";
import { useNames } from "../../ui/names";
import { lazily } from "../../ui/lazily";
import { place } from "../map/place";
import css from "./Position.module.css";

const WorldMap = lazily(() => import("../map/WorldMap"));

/** Where somebody was when they said so: a small map, figures, and the way to the large one. */
export function Position({ entry, groupId, role }: { entry: Entry; groupId: string; role?: Role }) {
  const { t } = useTranslation();
  const format = useFormat();
  const name = useNames();
  const { geometry, properties } = entry.feature!;
  const at = geometry.coordinates as [number, number];
  const accuracy = properties?.accuracy_m;
  const who = name(entry.sender_id);
  const pins = useMemo(() => [{ id: entry.id, name: who, role, at, accuracy_m: accuracy }], [entry.id, who, role, at, accuracy]);
  const frame = useRef<HTMLSpanElement>(null);
  const seen = useSeen(frame);
  return (
    <Link className={css.position} href={`/g/${groupId}/map?at=${entry.seq}`}>
      <span ref={frame} className={css.map}>
        <Suspense>{seen && <WorldMap still pins={pins} label={t("map.of", { name: who })} />}</Suspense>
      </span>
      <span className={css.words}>
        <IconMapPin size={20} stroke={1.8} />
        <span>
          <strong>
            <bdi>{place(at, format, t)}</bdi>
          </strong>
          <small>{[accuracy != null && t("position.accuracy", { metres: format.number(accuracy) }), t("position.open")].filter(Boolean).join(" · ")}</small>
        </span>
      </span>
    </Link>
  );
}

/** Whether it has been on the screen: a map is drawn for who looks at it. */
function useSeen(frame: React.RefObject<HTMLElement | null>): boolean {
  const [seen, setSeen] = useState(false);
  useEffect(() => {
    const watch = new IntersectionObserver(([one]) => one!.isIntersecting && setSeen(true));
    watch.observe(frame.current!);
    return () => watch.disconnect();
  }, [frame]);
  return seen;
}
