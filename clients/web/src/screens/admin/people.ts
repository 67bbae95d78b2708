import { renew } from "../../api/queries";
import { access } from "../../session";
import { happen } from "../../state/store";

/** A person as administrators see them. */
export interface Account {
  id: string;
  username: string;
  display_name: string;
  kind: "staff" | "customer";
  avatar_url: string | null;
  permissions: string[];
  locale: string | null;
  timezone: string | null;
  active: boolean;
  created_at: string;
  version: number;
}
export type Changes = Partial<Pick<Account, "display_name" | "kind" | "permissions" | "active">> & { password?: string };

export async function changePerson(id: string, changes: Changes): Promise<Account> {
  const person = await access.request<Account>("PATCH", `/users/${id}`, changes);
  happen({ type: "people", people: [person] });
  await renew("people");
  return person;
}

/** Forgets who it was, everywhere; what hung on them keeps an id that is nobody's. */
export async function erasePerson(id: string): Promise<void> {
  await access.request("DELETE", `/users/${id}`);
  await renew("people");
}

/** Whether they have been erased, and so are nobody who could be given anything. */
export const isErased = ({ id, username }: Account) => username === `erased-${id}`;

const LETTERS = "abcdefghijkmnopqrstuvwxyz23456789";
const GROUPS = [5, 5, 5];

/** A password to be handed over by word of mouth: no letter is taken for another. About 75 bits. */
export function newPassword(): string {
  const draw = () => {
    for (;;) {
      const [byte] = crypto.getRandomValues(new Uint8Array(1));
      if (byte! < 256 - (256 % LETTERS.length)) return LETTERS[byte! % LETTERS.length]!; // each as likely as the others
    }
  };
  return GROUPS.map((length) => Array.from({ length }, draw).join("")).join("-");
}
