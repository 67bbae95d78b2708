import { useDebouncedValue } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Page, Person } from "../../api/types";
import { get } from "../../session";
import type { Room } from "../../state/apply";
import { Avatar } from "../../ui/Avatar";
import { ProfileDialog } from "../people/ProfileDialog";
import { RoomRow } from "../rooms/RoomRow";
import { Highlighted } from "./highlight";
import { Messages } from "./Messages";
import css from "./search.module.css";

const MOST_ROOMS = 30;

/** What a search in the list finds: rooms, people and messages of all rooms. */
export default function Found({ words, rooms, open }: { words: string; rooms: Room[]; open?: string }) {
  const { t } = useTranslation();
  const [asked] = useDebouncedValue(words, 250);
  const [profile, setProfile] = useState<string | null>(null);
  const people = useQuery({ queryKey: ["users", "search", asked], queryFn: () => get<Page<Person>>(`/users?limit=6&q=${encodeURIComponent(asked)}`), staleTime: 5_000 });
  return (
    <div className={css.all}>
      {rooms.length > 0 && (
        <section aria-label={t("list.title")}>
          <h2 className={css.head}>{t("list.title")}</h2>
          {rooms.slice(0, MOST_ROOMS).map((room) => (
            <RoomRow key={room.group.id} room={room} open={room.group.id === open} />
          ))}
        </section>
      )}
      {people.data && people.data.items.length > 0 && (
        <section aria-label={t("search.people")}>
          <h2 className={css.head}>{t("search.people")}</h2>
          <ul className={css.list}>
            {people.data.items.map((person) => (
              <li key={person.id}>
                <button type="button" className={css.found} onClick={() => setProfile(person.id)}>
                  <Avatar id={person.id} name={person.display_name} size={38} src={person.avatar_url} />
                  <span className={css.words}>
                    <strong>
                      <Highlighted text={person.display_name} query={asked} />
                    </strong>
                    <span className={css.snippet}>{person.username}</span>
                  </span>
                </button>
              </li>
            ))}
          </ul>
        </section>
      )}
      <section aria-label={t("search.messages")}>
        <h2 className={css.head}>{t("search.messages")}</h2>
        <Messages query={asked} />
      </section>
      {profile && <ProfileDialog id={profile} close={() => setProfile(null)} />}
    </div>
  );
}
