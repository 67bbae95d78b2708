/** Live sharing of this device's position: asked for once, followed while a share runs, told to the rooms it is for. */
import { Problem } from "../../api/http";
import type { Feature, Page, Share } from "../../api/types";
import { access, get, make, move, uuid } from "../../session";
import { happen, store } from "../../state/store";

const FIND_MS = 15_000;
/** A room is told at most so often; more would cost a phone its battery and show nobody more. */
const EVERY_MS = 5_000;

const keyOf = (userId: string) => `bchat.sharing.${userId}`;
/** The shares that this device follows, by room: another device of mine may have others. */
let mine: Record<string, string> = {};
let watch: number | undefined;
let told = 0;
let newest: GeolocationPosition | undefined;
let waiting: ReturnType<typeof setTimeout> | undefined;

/**
 * Where this device is.
 *
 * @throws Problem `no_position`, when it may not be known or cannot be found.
 */
export function whereAmI(): Promise<Feature> {
  return new Promise((found, failed) =>
    navigator.geolocation.getCurrentPosition(
      (position) => found(featureOf(position)),
      () => failed(new Problem(0, "no_position", "")),
      { enableHighAccuracy: true, timeout: FIND_MS },
    ),
  );
}

function featureOf({ coords, timestamp }: GeolocationPosition): Feature {
  return {
    type: "Feature",
    id: uuid(),
    geometry: { type: "Point", coordinates: [coords.longitude, coords.latitude] },
    properties: { accuracy_m: Math.round(coords.accuracy), recorded_at: new Date(Math.min(timestamp, Date.now())).toISOString() },
  };
}

/** @param minutes from now on. */
export async function startSharing(groupId: string, minutes: number) {
  const feature = await whereAmI(); // whether it may be known is asked before anybody is told of a share
  const share = await make<Share>(`/groups/${groupId}/shares`, { minutes }, uuid());
  keep({ ...mine, [groupId]: share.id });
  happen({ type: "share", share });
  move(groupId, feature);
}

export async function stopSharing(shareId: string) {
  await access.request("DELETE", `/shares/${shareId}`);
  keep(Object.fromEntries(Object.entries(mine).filter(([, id]) => id !== shareId)));
}

/** Who shares their position in a room, and where they are. */
export async function lookAround(groupId: string) {
  const [pins, shares] = await Promise.all([get<{ features: Feature[] }>(`/groups/${groupId}/positions?limit=200`), get<Page<Share>>(`/groups/${groupId}/shares?limit=200`)]);
  happen({ type: "pins", group_id: groupId, features: pins.features });
  for (const share of shares.items) happen({ type: "share", share });
  return true;
}

function keep(shares: Record<string, string>) {
  mine = shares;
  const me = store.getState().me;
  if (me) localStorage.setItem(keyOf(me.id), JSON.stringify(shares));
  follow();
}

/** The rooms in which a share of this device runs now. */
function running(): string[] {
  const { me, rooms } = store.getState();
  if (!me) return [];
  const now = new Date().toISOString();
  return Object.keys(mine).filter((id) => {
    const share = rooms[id]?.sharing[me.id];
    return share?.share_id === mine[id] && share!.ends_at > now;
  });
}

function follow() {
  const any = running().length > 0;
  if (any && watch === undefined) watch = navigator.geolocation.watchPosition(tell, () => {}, { enableHighAccuracy: true }); // lost for a while: the others see how old the last one is
  if (!any && watch !== undefined) {
    navigator.geolocation.clearWatch(watch);
    watch = undefined;
  }
}

function tell(position: GeolocationPosition) {
  follow(); // a share may have ended by its time
  newest = position;
  // What comes too soon is told when it is time, for it may be the last: who stands still is not found again.
  waiting ??= setTimeout(() => {
    waiting = undefined;
    told = Date.now();
    for (const id of running()) move(id, featureOf(newest!));
  }, Math.max(0, told + EVERY_MS - Date.now()));
}

store.subscribe((state, before) => {
  if (state.me?.id !== before.me?.id) {
    const kept = state.me && localStorage.getItem(keyOf(state.me.id));
    mine = kept ? (JSON.parse(kept) as Record<string, string>) : {};
  }
  // After a reload, or a night: whether what this device shared still runs, only the server knows.
  if (state.link === "online" && before.link !== "online" && Object.keys(mine).length > 0)
    get<Page<Share>>("/shares?limit=200").then(
      ({ items }) => {
        for (const share of items) happen({ type: "share", share });
        keep(Object.fromEntries(items.filter((share) => mine[share.group_id] === share.id).map((share) => [share.group_id, share.id])));
      },
      () => {}, // asked again when the connection is back
    );
  if (state.rooms !== before.rooms && (watch !== undefined || Object.keys(mine).length > 0)) follow();
});
