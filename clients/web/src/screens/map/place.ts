import type { TFunction } from "i18next";
import type { Format } from "../../ui/format";

/** A place in figures. Longitude first, as in GeoJSON. */
export function place([longitude, latitude]: [number, number], format: Format, t: TFunction): string {
  const of = (value: number, negative: string, positive: string) => `${format.degrees(Math.abs(value))}° ${t(`position.${value < 0 ? negative : positive}`)}`;
  return `${of(latitude, "south", "north")}, ${of(longitude, "west", "east")}`;
}
