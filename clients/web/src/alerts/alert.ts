import type { Alert as Raised } from "../api/reports";
import type { Entry, Person, ServerFrame, Settings, SourceState } from "../api/types";
import { means, type State } from "../state/apply";

export type Alert =
  | { kind: "message"; group_id: string; entry: Entry; sound: boolean }
  | { kind: "person"; person: Person; sound: boolean }
  | { kind: "raised"; alert: Raised; sound: boolean }
  | { kind: "source"; source: SourceState; sound: boolean };

const TELLING: ReadonlySet<Entry["kind"]> = new Set(["text", "photo", "file", "position", "report", "task"]);

/**
 * What of a frame its reader wants to be alerted to, if anything.
 *
 * @param before the state that the frame met: what was known then is no news.
 * @param looking the room that is on the screen and looked at.
 * @param now in milliseconds.
 */
export function alertOf(frame: ServerFrame, before: State, looking: string | null, now: number): Alert | null {
  const me = before.me;
  const settings = me?.settings;
  if (!me || !settings || isQuiet(settings.quiet_hours, me.timezone ?? undefined, now)) return null;
  const sound = settings.message_sound;
  if (frame.type === "user") return frame.new && settings.new_user_alert && frame.user.id !== me.id ? { kind: "person", person: frame.user, sound } : null;
  // Somebody has subscribed to it, or looks after the source: both are wanted.
  if (frame.type === "alert") return frame.alert.state === "acknowledged" ? null : { kind: "raised", alert: frame.alert, sound: sound && frame.alert.state === "firing" };
  if (frame.type === "source") return { kind: "source", source: frame.source, sound: sound && frame.source.state !== "good" };
  if (frame.type !== "entry" && frame.type !== "entries") return null;
  const room = before.rooms[frame.group_id];
  // What was missed while the connection was away is counted in the list; it does not all ring at once.
  if (!room || !settings.message_alert || before.link !== "online" || frame.group_id === looking) return null;
  const entries = frame.type === "entry" ? [frame.entry] : frame.entries;
  const entry = entries.findLast((one) => TELLING.has(one.kind) && one.seq > Math.max(room.last_seq, room.read_seq) && one.sender_id !== me.id && one.by !== me.id);
  if (!entry || (isMuted(room.group, now) && !means(entry, me.id))) return null;
  return { kind: "message", group_id: frame.group_id, entry, sound };
}

/** Whether it is between these times, as the clocks of the time zone show; across midnight where the end is the earlier. */
export function isQuiet(hours: Settings["quiet_hours"], timeZone: string | undefined, now: number): boolean {
  if (!hours) return false;
  const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone }).format(now);
  return hours.start <= hours.end ? clock >= hours.start && clock < hours.end : clock >= hours.start || clock < hours.end;
}

export function isMuted(group: { id: string; muted?: boolean; muted_until?: string | null }, now: number): boolean {
  return Boolean(group.muted) && (!group.muted_until || Date.parse(group.muted_until) > now);
}
