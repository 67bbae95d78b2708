/** Messages that are not stored by the server yet, where they outlive the page: one item a message, so that two tabs do not write over each other's. */
import type { Pending } from "./apply";

const PREFIX = "bchat.outbox.";
const itemKey = (userId: string, clientId: string) => `${PREFIX}${userId}.${clientId}`;

/** What waits of this person. What was under way may or may not be stored: it goes again, under the same client_id. */
export function waiting(storage: Storage, userId: string): Pending[] {
  const found = Object.keys(storage)
    .filter((key) => key.startsWith(itemKey(userId, "")))
    .map((key) => JSON.parse(storage.getItem(key)!) as Pending);
  return found
    .map((m): Pending => (m.status === "failed" ? m : { ...m, status: "queued", ref: undefined }))
    .sort((a, b) => a.at.localeCompare(b.at));
}

export function keepOutbox(storage: Storage, userId: string, now: Pending[], before: Pending[]) {
  for (const message of now) if (!before.includes(message)) put(storage, itemKey(userId, message.client_id), JSON.stringify(message));
  for (const { client_id } of before) if (!now.some((m) => m.client_id === client_id)) storage.removeItem(itemKey(userId, client_id));
}

function put(storage: Storage, key: string, value: string) {
  try {
    storage.setItem(key, value);
  } catch (full) {
    console.info("A message outlives this page only if it is sent before:", full);
  }
}

/** Forget what waits, of everybody but `userId`. */
export function forgetOutbox(storage: Storage, userId?: string) {
  for (const key of Object.keys(storage)) if (key.startsWith(PREFIX) && !(userId && key.startsWith(itemKey(userId, "")))) storage.removeItem(key);
}
