/** Tells the server what this page has, and what of it is on a screen that somebody uses: that needs no push. */

const TELL_MS = 500;
/** A page that is left open on a desk is not looked at for ever. */
const USED_MS = 60_000;

/**
 * @param tell sends it; false where there is no connection.
 * @param looking whether the page is in view.
 */
export function receipts(tell: (groupId: string, seq: number, shown: boolean) => boolean, looking: () => boolean, now: () => number = Date.now) {
  const had = new Map<string, number>();
  const told = new Map<string, { seq: number; shown: boolean }>();
  let used = now();
  let timer: ReturnType<typeof setTimeout> | undefined;

  function pass() {
    timer = undefined;
    const shown = looking() && now() - used < USED_MS;
    for (const [group, seq] of had) {
      const last = told.get(group);
      if (last && last.seq >= seq && (last.shown || !shown)) continue;
      if (tell(group, seq, shown)) told.set(group, { seq, shown });
    }
  }
  const soon = () => (timer ??= setTimeout(pass, TELL_MS));

  return {
    /** New entries of a room have come, up to this one. */
    have(groupId: string, seq: number) {
      if (seq <= (had.get(groupId) ?? 0)) return;
      had.set(groupId, seq);
      soon();
    },
    /** Somebody is here: what came while nobody was is on the screen now. */
    use() {
      const away = now() - used >= USED_MS;
      used = now();
      if (away || [...told.values()].some((one) => !one.shown)) soon();
    },
    forget() {
      had.clear();
      told.clear();
      clearTimeout(timer);
      timer = undefined;
    },
  };
}
