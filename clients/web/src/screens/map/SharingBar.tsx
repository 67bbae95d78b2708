import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { IconBroadcast } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";
import type { Room } from "../../state/apply";
import { useApp } from "../../state/store";
import { useFormat, useProblem } from "../../ui/format";
import { useNames } from "../../ui/names";
import { useNow } from "../../ui/useNow";
import { useStop } from "./useStop";
import css from "./SharingBar.module.css";
import { lookAround } from "./sharing";

/** Who shows the room where they are; of oneself, for how much longer, and the way to stop it. */
export function SharingBar({ room }: { room: Room }) {
  const { t } = useTranslation();
  const say = useProblem();
  const format = useFormat();
  const name = useNames();
  const now = useNow();
  const me = useApp((state) => state.me!.id);
  const stop = useStop();
  useQuery({ queryKey: ["sharing", room.group.id], queryFn: () => lookAround(room.group.id) });
  const { [me]: mine, ...theirs } = room.sharing;
  const others = Object.keys(theirs);
  if (!mine && others.length === 0) return null;
  const left = mine ? Math.max(0, Math.ceil((Date.parse(mine.ends_at) - now) / 60_000)) : 0;
  return (
    <div className={css.bar}>
      <IconBroadcast size={18} stroke={1.8} aria-hidden />
      <span>
        {mine
          ? t("map.you_share", { when: format.time(mine.ends_at), left: left < 60 ? t("map.minutes", { count: left }) : t("map.hours", { count: Math.round(left / 60) }) })
          : t("map.they_share", { count: others.length, name: name(others[0]) })}
        {stop.error && <em role="alert"> {say(stop.error)}</em>}
      </span>
      {mine && (
        <Button size="compact-sm" variant="subtle" color="red" loading={stop.isPending} onClick={() => stop.mutate(mine.share_id)}>
          {t("map.stop")}
        </Button>
      )}
      <Link href={`/g/${room.group.id}/map`}>{t("map.show")}</Link>
    </div>
  );
}
