/** Times as the clocks of a person's time zone show them, for form fields; a browser's own may be in another. */

const DAY_MS = 86_400_000;

/** What the clocks of a zone show, counted as if it were UTC. */
function clock(at: Date, zone: string): number {
  const parts = new Intl.DateTimeFormat("en", { timeZone: zone, hourCycle: "h23", year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", second: "numeric" }).formatToParts(at);
  const of = (type: string) => Number(parts.find((part) => part.type === type)!.value);
  return Date.UTC(of("year"), of("month") - 1, of("day"), of("hour"), of("minute"), of("second"));
}

/**
 * The instant at which the clocks of a zone show this.
 *
 * Where they are put forward over it, the time after; where they show it twice, the first.
 *
 * @param local `2026-11-23T09:00`, as a field has it.
 */
export function instantOf(local: string, zone: string): string {
  const shown = Date.parse(`${local}Z`);
  const [before, after] = [-DAY_MS, DAY_MS].map((away) => shown - (clock(new Date(shown + away), zone) - (shown + away)));
  const fits = [before!, after!].filter((at) => clock(new Date(at), zone) === shown);
  return new Date(fits.length ? Math.min(...fits) : before!).toISOString();
}

/** What a field shows for an instant: `2026-11-23T09:00`. */
export function localOf(iso: string, zone: string): string {
  return new Date(clock(new Date(iso), zone)).toISOString().slice(0, 16);
}
