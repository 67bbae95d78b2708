import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { IconBroadcast } from "@tabler/icons-react";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { useSearchParams } from "wouter";
import type { Role } from "../../api/types";
import { load } from "../../session";
import type { Room } from "../../state/apply";
import { useApp, useRoom } from "../../state/store";
import { Avatar } from "../../ui/Avatar";
import { useFormat } from "../../ui/format";
import { useNames } from "../../ui/names";
import { RoleTag } from "../../ui/RoleTag";
import { Screen, Waiting } from "../../ui/Screen";
import { useNow } from "../../ui/useNow";
import { useRoles } from "../members/useMembers";
import { LiveDialog } from "./LiveDialog";
import { useStop } from "./useStop";
import css from "./map.module.css";
import { place } from "./place";
import { lookAround } from "./sharing";
import WorldMap, { type Pin } from "./WorldMap";

interface Spot extends Pin {
  userId: string;
  /** When they were there. */
  when?: string;
  ends_at?: string;
}

/** Where the people of a room are: those who share it now, and what was sent. On a map, and as a list for who cannot see it. */
export default function MapScreen({ id }: { id: string }) {
  const { t } = useTranslation();
  const room = useRoom(id);
  const ready = useApp((state) => state.ready);
  const pins = useQuery({ queryKey: ["sharing", id], queryFn: () => lookAround(id) });
  useQuery({ queryKey: ["newest", id, room?.window], queryFn: () => load(id).then(() => true), enabled: room?.entries.length === 0 });
  if (!ready || !room) return <Screen title={t("map.title")} back={`/g/${id}`} children={<Waiting query={{ ...pins, isPending: !ready, error: pins.error }} has={false} />} />;
  return (
    <Screen title={`${t("map.title")} · ${room.group.name}`} back={`/g/${id}`}>
      <Places room={room} />
    </Screen>
  );
}

function Places({ room }: { room: Room }) {
  const { t } = useTranslation();
  const format = useFormat();
  const name = useNames();
  const roles = useRoles(room.group.id);
  const me = useApp((state) => state.me!.id);
  const people = useApp((state) => state.people);
  useNow(); // how old each place is grows while one looks
  const [search] = useSearchParams();
  const asked = search.get("at");
  const [chosen, setChosen] = useState(asked ? { id: `sent ${asked}`, n: 0 } : undefined);
  const [starting, setStarting] = useState(false);
  const stop = useStop();
  const choose = (id: string) => setChosen((before) => ({ id, n: (before?.n ?? 0) + 1 }));

  const live: Spot[] = useMemo(
    () =>
      Object.entries(room.sharing).flatMap(([userId, { share_id, ends_at, feature }]) =>
        feature
          ? [
              {
                id: share_id,
                userId,
                name: name(userId),
                role: roles[userId],
                at: feature.geometry.coordinates as [number, number],
                accuracy_m: feature.properties?.accuracy_m,
                when: feature.properties?.recorded_at,
                ends_at,
                live: true,
              },
            ]
          : [],
      ),
    [room.sharing, name, roles],
  );
  const sent: Spot[] = useMemo(() => lastSent(room, asked, name, roles), [room, asked, name, roles]);
  const all = useMemo(() => [...live, ...sent], [live, sent]);
  const mine = room.sharing[me];
  const running = !room.group.ended_at && room.group.my_role;

  const list = (title: string, spots: Spot[], none: string) => (
    <>
      <h3>{title}</h3>
      {spots.length === 0 && <p className={css.none}>{none}</p>}
      <ul className={css.list} aria-label={title}>
        {spots.map((spot) => (
          <li key={spot.id}>
            <button type="button" aria-pressed={chosen?.id === spot.id} onClick={() => choose(spot.id)}>
              <Avatar id={spot.userId} name={spot.name} size={38} src={people[spot.userId]?.avatar_url} />
              <span className={css.words}>
                <strong>
                  <span>{spot.name}</span>
                  {spot.role && <RoleTag role={spot.role as Role} />}
                </strong>
                <small>
                  <bdi>{place(spot.at, format, t)}</bdi>
                </small>
                <small>
                  {[
                    spot.accuracy_m != null && t("position.accuracy", { metres: format.number(spot.accuracy_m) }),
                    spot.when && format.ago(spot.when),
                    spot.ends_at && t("map.until", { when: format.time(spot.ends_at) }),
                  ]
                    .filter(Boolean)
                    .join(" · ")}
                </small>
              </span>
            </button>
          </li>
        ))}
      </ul>
    </>
  );

  return (
    <div className={css.screen}>
      <WorldMap pins={all} chosen={chosen} choose={choose} label={t("map.title")} />
      <div className={css.side}>
        {running && "geolocation" in navigator && (
          <div className={css.acts}>
            {mine ? (
              <Button variant="light" color="red" leftSection={<IconBroadcast size={18} />} loading={stop.isPending} onClick={() => stop.mutate(mine.share_id)}>
                {t("map.stop")}
              </Button>
            ) : (
              <Button leftSection={<IconBroadcast size={18} />} onClick={() => setStarting(true)}>
                {t("map.share_live")}
              </Button>
            )}
          </div>
        )}
        {list(t("map.live"), live, t("map.none_live"))}
        {list(t("map.sent"), sent, t("map.none_sent"))}
      </div>
      {starting && <LiveDialog groupId={room.group.id} close={() => setStarting(false)} />}
    </div>
  );
}

/** The last position that each has sent, and the one that is asked for. */
function lastSent(room: Room, asked: string | null, name: (id: string) => string, roles: Record<string, Role>): Spot[] {
  const seen = new Set<string>();
  return room.entries
    .filter((entry) => entry.kind === "position" && entry.feature && entry.sender_id)
    .toReversed()
    .flatMap((entry) => {
      const userId = entry.sender_id!;
      if (seen.has(userId) && String(entry.seq) !== asked) return [];
      seen.add(userId);
      const { geometry, properties } = entry.feature!;
      return [{ id: `sent ${entry.seq}`, userId, name: name(userId), role: roles[userId], at: geometry.coordinates as [number, number], accuracy_m: properties?.accuracy_m, when: properties?.recorded_at ?? entry.at }];
    });
}
