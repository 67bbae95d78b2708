import { IconAlertTriangle, IconCircleCheck, IconDatabase } from "@tabler/icons-react";
import i18next from "i18next";
import { store } from "../state/store";
import { Avatar } from "../ui/Avatar";
import { entryWords, nameOf } from "../ui/names";
import { NARROW } from "../ui/narrow";
import type { Alert } from "./alert";
import { chime } from "./chime";
import { toast } from "./toast";

const QUIET_MS = 1_500;

/** Shows what somebody is to be alerted to, and lets it be heard. */
export function show(alert: Alert) {
  if (alert.sound) ring();
  const { rooms } = store.getState();
  const { t } = i18next;
  if (alert.kind === "person") {
    const { id, display_name, avatar_url } = alert.person;
    return toast({ id: `person ${id}`, title: t("alert.person"), message: display_name, icon: <Avatar id={id} name={display_name} src={avatar_url} size={38} /> });
  }
  if (alert.kind === "raised") {
    const { id, state, title, text } = alert.alert;
    return toast({ id: `alert ${id}`, title: t(`alerts.${state}`), message: `${title}. ${text}`, href: "/alerts", icon: state === "firing" ? <IconAlertTriangle size={22} /> : <IconCircleCheck size={22} /> });
  }
  if (alert.kind === "source") {
    const { name, title, state, reason, mismatches } = alert.source;
    return toast({ id: `source ${name}`, title, message: [t(`sources.${state}`), reason ?? mismatches[0]].filter(Boolean).join(": "), href: `/sources/${name}`, icon: <IconDatabase size={22} /> });
  }
  const { entry, group_id } = alert;
  const group = rooms[group_id]?.group;
  if (!group || listIsAllThereIs()) return;
  const words = entryWords(entry, nameOf, t);
  const said = entry.kind === "text" || entry.kind === "photo" || entry.kind === "file";
  toast({
    id: `room ${group_id}`, // one at a time for a room: what is newer takes its place
    title: group.name,
    message: said ? t("room.says", { name: nameOf(entry.sender_id), text: words }) : words,
    href: `/g/${group_id}`,
    icon: <Avatar id={group_id} name={group.name} catalogue={group.catalogue} size={38} />,
  });
}

/** On a phone the list of rooms says the same, over the whole screen. */
function listIsAllThereIs(): boolean {
  return location.pathname === "/" && matchMedia(NARROW).matches;
}

/** Of several windows only one is heard, and not more often than one can bear. */
function ring() {
  const once = async () => {
    chime();
    await new Promise((done) => setTimeout(done, QUIET_MS));
  };
  if (navigator.locks) void navigator.locks.request("bchat-chime", { ifAvailable: true }, async (lock) => lock && once());
  else chime();
}
