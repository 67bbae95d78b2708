import { type ReactNode, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Room } from "../../state/apply";
import { useNames } from "../../ui/names";
import css from "./RoomScreen.module.css";

/** Who is writing, while they are; otherwise what it stands in place of. */
export function Typing({ room, children }: { room: Room; children: ReactNode }) {
  const { t } = useTranslation();
  const name = useNames();
  const [now, setNow] = useState(Date.now());
  const until = Object.values(room.typing);
  const next = Math.min(...until.filter((time) => time > now));
  useEffect(() => {
    setNow(Date.now());
    if (!Number.isFinite(next)) return;
    const timer = setTimeout(() => setNow(Date.now()), next - Date.now() + 20);
    return () => clearTimeout(timer);
  }, [next, room.typing]);

  const who = Object.keys(room.typing).filter((id) => room.typing[id]! > now);
  if (who.length === 0) return children;
  const [first, second] = who.map((id) => name(id));
  const key = who.length === 1 ? "typing_one" : who.length === 2 ? "typing_two" : "typing_many";
  return (
    <span className={css.typing}>
      <i aria-hidden>
        <b />
        <b />
        <b />
      </i>
      {t(`room.${key}`, { name: first, other: second })}
    </span>
  );
}
