import "leaflet/dist/leaflet.css";
import L from "leaflet";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { config } from "../../api/config";
import type { Role } from "../../api/types";
import { initials } from "../../ui/Avatar";
import { countriesOfTheWorld, near } from "./land";
import css from "./map.module.css";

/** Somebody on the map. */
export interface Pin {
  id: string;
  name: string;
  role?: Role;
  /** Longitude first, as in GeoJSON. */
  at: [number, number];
  accuracy_m?: number | null;
  /** It moves; otherwise it was sent once. */
  live?: boolean;
}

interface Props {
  pins: Pin[];
  /** The pin that is looked for; it changes its number each time it is asked for. */
  chosen?: { id: string; n: number };
  /** A picture of a place, not to be moved. */
  still?: boolean;
  choose?: (id: string) => void;
  label: string;
}

const NEAR = { tiles: 16, outlines: 7 };
const FAR_DEGREES = 25;

/** A map by Leaflet: tiles where a server of them is set, the outlines of the countries where not. */
export default function WorldMap({ pins, chosen, still = false, choose, label }: Props) {
  const { t } = useTranslation();
  const place = useRef<HTMLDivElement>(null);
  const [map, setMap] = useState<L.Map | null>(null);
  const [zoom, setZoom] = useState(NEAR.outlines);
  const [problem, setProblem] = useState(false);
  const shown = useRef(new Map<string, { marker: L.Marker; circle: L.Circle; pin: Pin }>());
  const first = pins[0];

  useEffect(() => {
    const made = L.map(place.current!, {
      zoomControl: false,
      attributionControl: false,
      worldCopyJump: true,
      minZoom: 1,
      ...(still ? { dragging: false, scrollWheelZoom: false, doubleClickZoom: false, touchZoom: false, boxZoom: false, keyboard: false } : {}),
    });
    made.setView([30, 10], 2);
    setMap(made);
    const watch = new ResizeObserver(() => made.invalidateSize());
    watch.observe(place.current!);
    return () => {
      watch.disconnect();
      shown.current.clear();
      made.remove();
      setMap(null);
    };
  }, [still]);

  // The ground.
  const around = first?.at;
  useEffect(() => {
    if (!map) return;
    let gone = false;
    if (!still) {
      L.control.zoom({ zoomInTitle: t("map.nearer"), zoomOutTitle: t("map.farther") }).addTo(map);
    }
    const draw = async () => {
      const { tiles } = await config();
      if (gone) return;
      if (tiles) {
        const ground = L.tileLayer(tiles.url, { maxZoom: tiles.max_zoom, attribution: escaped(tiles.attribution), referrerPolicy: "origin" }).addTo(map);
        if (!still) L.control.attribution({ prefix: false }).addTo(map);
        setZoom(Math.min(NEAR.tiles, tiles.max_zoom));
        return ground;
      }
      const all = await countriesOfTheWorld();
      if (gone) return;
      // A still picture shows a few degrees; what is far from it need not be drawn.
      const some = still && around ? all.filter((country) => near(country, around, FAR_DEGREES)) : all;
      map.setMaxZoom(11);
      L.geoJSON(some.map(({ shape }) => shape), { interactive: false, style: { className: css.land } }).addTo(map);
    };
    draw().catch(() => !gone && setProblem(true));
    return () => {
      gone = true;
    };
  }, [map, still, t]); // and not with every place of the first pin: a still one has one only, another shows all the world

  // Who is on it.
  const fitted = useRef(false);
  useEffect(() => {
    if (!map) return;
    const here = new Set(pins.map((pin) => pin.id));
    for (const [id, { marker, circle }] of shown.current) {
      if (here.has(id)) continue;
      marker.remove();
      circle.remove();
      shown.current.delete(id);
    }
    for (const pin of pins) {
      const at = L.latLng(pin.at[1], pin.at[0]);
      const known = shown.current.get(pin.id);
      if (known) {
        known.marker.setLatLng(at);
        known.circle.setLatLng(at).setRadius(pin.accuracy_m ?? 0);
        // Who it is may be known only now.
        if (known.pin.name !== pin.name || known.pin.role !== pin.role || known.pin.live !== pin.live) {
          Object.assign(known.marker.options, { title: pin.name, alt: pin.name });
          known.marker.setIcon(sign(pin)).setTooltipContent(text(pin.name));
          known.pin = pin;
        }
        continue;
      }
      const circle = L.circle(at, { radius: pin.accuracy_m ?? 0, className: css.accuracy, interactive: false }).addTo(map);
      const marker = L.marker(at, { icon: sign(pin), title: pin.name, alt: pin.name, keyboard: !still, interactive: !still }).addTo(map);
      if (!still) marker.bindTooltip(text(pin.name), { permanent: true, direction: "bottom", offset: [0, 6], className: css.name });
      if (choose) marker.on("click keypress", () => choose(pin.id));
      shown.current.set(pin.id, { marker, circle, pin });
    }
  }, [map, pins, still, choose]);

  useEffect(() => {
    if (!map || pins.length === 0 || (fitted.current && !still)) return;
    map.fitBounds(L.latLngBounds(pins.map(({ at }) => [at[1], at[0]])), { maxZoom: zoom, padding: [48, 48], animate: false });
    fitted.current = true;
  }, [map, pins, zoom, still]);
  useEffect(() => {
    fitted.current = false; // the ground came: with tiles one may look from nearer
  }, [zoom]);

  useEffect(() => {
    const pin = chosen && shown.current.get(chosen.id);
    if (map && pin) map.flyTo(pin.marker.getLatLng(), Math.max(map.getZoom(), zoom), { animate: !matchMedia("(prefers-reduced-motion: reduce)").matches });
  }, [map, chosen, zoom]);

  return (
    <div className={css.frame}>
      <div ref={place} dir="ltr" /* west is left, whatever the language */ className={css.map} role={still ? "img" : "application"} aria-label={label} />
      {problem && <p className={css.problem}>{t("map.no_ground")}</p>}
    </div>
  );
}

function sign({ name, role, live }: Pin): L.DivIcon {
  const pin = document.createElement("span");
  pin.className = css.pin!;
  if (role) pin.dataset.role = role;
  if (live) pin.dataset.live = "true";
  pin.textContent = initials(name);
  return L.divIcon({ html: pin, className: "", iconSize: [36, 36], iconAnchor: [18, 42] });
}

/** Leaflet takes HTML; names are text. */
function text(name: string): HTMLElement {
  const element = document.createElement("span");
  element.textContent = name;
  return element;
}
function escaped(words: string): string {
  return text(words).innerHTML;
}
