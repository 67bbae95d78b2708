import type { Member, Page, Person, User } from "../../api/types";
import { access, create, get, leave, uuid } from "../../session";
import { store } from "../../state/store";

/** So many rooms for two are looked at, the newest first; who has more of them may get another. */
const LOOKED_AT = 10;

/**
 * The room in which one talks with somebody alone: the one there is, or a new one.
 *
 * @returns the id of its group.
 * @throws Problem
 */
export async function talkTo(me: User, person: Person): Promise<string> {
  const pairs = Object.values(store.getState().rooms)
    .filter(({ group }) => group.catalogue === "chat" && group.visibility === "invite" && group.member_count === 2 && !group.ended_at)
    .sort((a, b) => (b.group.created_at ?? "").localeCompare(a.group.created_at ?? ""));
  for (const { group } of pairs.slice(0, LOOKED_AT)) {
    const { items } = await get<Page<Member>>(`/groups/${group.id}/members?limit=3`);
    if (items.some((one) => one.user_id === person.id)) return group.id;
  }
  const short = (name: string) => name.split(",")[0]!.slice(0, 48);
  const made = await create({ name: `${short(me.display_name)} · ${short(person.display_name)}`, catalogue: "chat", visibility: "invite" }, uuid());
  try {
    await access.request("PUT", `/groups/${made.id}/members/${person.id}`, { role: person.kind === "customer" ? "guest" : "staff" });
  } catch (problem) {
    await leave(made.id); // a room for two with one in it is of no use, and ends so
    throw problem;
  }
  return made.id;
}
