import countries from "world-atlas/countries-50m.json?url";
import type { Feature, MultiPolygon, Polygon } from "geojson";
import { feature } from "topojson-client";
import type { GeometryCollection, Topology } from "topojson-specification";

export interface Country {
  shape: Feature<Polygon | MultiPolygon>;
  /** West, south, east, north, in degrees. */
  box: [number, number, number, number];
}

let land: Promise<Country[]> | undefined;

/** The outlines of all countries (Natural Earth, 1:50m), fetched once, when the first map is shown. */
export function countriesOfTheWorld(): Promise<Country[]> {
  land ??= fetch(countries)
    .then((answer) => {
      if (!answer.ok) throw new Error(`no outlines: ${answer.status}`);
      return answer.json() as Promise<Topology<{ countries: GeometryCollection }>>;
    })
    .then((atlas) => feature(atlas, atlas.objects.countries).features.map((shape) => ({ shape: shape as Country["shape"], box: boxOf(shape as Country["shape"]) })))
    .catch((error: unknown) => {
      land = undefined; // the next map tries again
      throw error;
    });
  return land;
}

function boxOf({ geometry }: Country["shape"]): Country["box"] {
  const box: Country["box"] = [180, 90, -180, -90];
  const rings = geometry.type === "Polygon" ? geometry.coordinates : geometry.coordinates.flat();
  for (const [longitude, latitude] of rings.flat() as [number, number][]) {
    box[0] = Math.min(box[0], longitude);
    box[1] = Math.min(box[1], latitude);
    box[2] = Math.max(box[2], longitude);
    box[3] = Math.max(box[3], latitude);
  }
  return box;
}

/** Whether any of a country may lie within so many degrees of a place. */
export function near({ box }: Country, [longitude, latitude]: [number, number], degrees: number): boolean {
  return box[0] - degrees < longitude && longitude < box[2] + degrees && box[1] - degrees < latitude && latitude < box[3] + degrees;
}
