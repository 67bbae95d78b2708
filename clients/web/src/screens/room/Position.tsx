import { IconMapPin } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { Feature } from "../../api/types";
import { useFormat } from "../../ui/format";
import css from "./Position.module.css";

/** Where somebody is or was, in words and figures, with a way to a map. */
export function Position({ feature }: { feature: Feature }) {
  const { t } = useTranslation();
  const format = useFormat();
  const [longitude, latitude] = feature.geometry.coordinates as [number, number];
  const accuracy = feature.properties?.accuracy_m;
  const place = `${format.degrees(Math.abs(latitude))}° ${t(latitude < 0 ? "position.south" : "position.north")}, ${format.degrees(Math.abs(longitude))}° ${t(longitude < 0 ? "position.west" : "position.east")}`;
  return (
    <a className={css.position} href={`https://www.openstreetmap.org/?mlat=${latitude}&mlon=${longitude}#map=16/${latitude}/${longitude}`} target="_blank" rel="noopener noreferrer">
      <span className={css.pin}>
        <IconMapPin size={22} stroke={1.8} />
      </span>
      <span>
        <strong>{place}</strong>
        <small>{[accuracy != null && t("position.accuracy", { metres: format.number(accuracy) }), t("position.open")].filter(Boolean).join(" · ")}</small>
      </span>
    </a>
  );
}
