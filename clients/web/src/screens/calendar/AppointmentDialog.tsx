import { Button, Checkbox, Select, Stack, Text, Textarea, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Problem } from "../../api/http";
import type { Appointment, CalendarItem } from "../../api/types";
import { renew } from "../../api/queries";
import { access, make } from "../../session";
import { useApp } from "../../state/store";
import { Dialog } from "../../ui/Dialog";
import { useKey } from "../../ui/useKey";
import { useZone } from "../../ui/useZone";
import { Wrong } from "../../ui/Wrong";
import { type Day, plus } from "./days";

export const REPEATS = ["", "FREQ=DAILY", "FREQ=WEEKLY", "FREQ=WEEKLY;INTERVAL=2", "FREQ=MONTHLY", "FREQ=YEARLY"] as const;
const FIELDS = ["title", "description", "place", "start", "end", "rrule"];

interface Props {
  /** Of a new one: the day it is first thought for. */
  day?: Day;
  /** The one to be changed, as a whole. */
  appointment?: Appointment;
  /** Of a series only this one is to be moved. */
  occurrence?: CalendarItem;
  close: () => void;
}

/** A new appointment; one there is, to be changed; or one time of a series, to be moved. */
export default function AppointmentDialog({ day, appointment, occurrence, close }: Props) {
  const { t } = useTranslation();
  const rooms = useApp((state) => state.rooms);
  const myZone = useZone();
  const zone = appointment?.timezone ?? myZone;
  const key = useKey();
  const groups = Object.values(rooms).filter(({ group }) => !group.ended_at);
  const [group, setGroup] = useState<string | null>(appointment?.group_id ?? groups[0]?.group.id ?? null);
  const [repeat, setRepeat] = useState(appointment?.rrule ?? "");
  const [whole, setWhole] = useState(appointment?.all_day ?? false);
  const { local_start, local_end } = occurrence ?? appointment ?? {};
  const known = local_start && local_end ? { start: shown(local_start), end: appointment?.all_day ? plus(local_end, -1) : shown(local_end) } : null;

  const { mutate, isPending, error } = useMutation({
    mutationFn: async (form: FormData) => {
      const text = (name: string) => String(form.get(name) ?? "").trim();
      // What one writes is what the clocks of the zone show; an all-day end is the day after.
      const times = { start: text("start"), end: whole ? plus(text("end") || text("start"), 1) : text("end") };
      if (occurrence) return access.request("PUT", `/appointments/${occurrence.id}/occurrences/${occurrence.occurrence}`, times);
      const asked = { title: text("title"), description: text("description"), place: text("place"), ...times, timezone: zone, all_day: whole, rrule: repeat || null };
      if (!appointment) return make(`/groups/${group}/appointments`, asked, key({ ...asked, group }));
      const changes = changesOf(appointment, asked);
      if (Object.keys(changes).length > 0) await access.request("PATCH", `/appointments/${appointment.id}`, changes);
    },
    onSuccess: async () => {
      await renew("calendar");
      close();
    },
  });
  const field = (name: string) => (error instanceof Problem ? error.errors.find((e) => e.loc.includes(name))?.msg : undefined);

  const type = whole ? "date" : "datetime-local";
  const first = (time: string) => day && (whole ? day : `${day}T${time}`);
  const repeats = REPEATS.map((value, n) => ({ value: value as string, label: t(`calendar.repeat_${n}`) }));
  if (repeat && !repeats.some(({ value }) => value === repeat)) repeats.push({ value: repeat, label: repeat });
  const at = (name: "start" | "end", time: string) => ({
    key: `${name} ${type}`,
    type,
    name,
    label: t(`calendar.${name}`),
    defaultValue: known ? (whole ? known[name].slice(0, 10) : known[name].length > 10 ? known[name] : `${known[name]}T${time}`) : first(time),
    error: field(name),
  });
  return (
    <Dialog close={close} title={t(occurrence ? "calendar.move" : appointment ? "calendar.edit" : "calendar.new")}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          mutate(new FormData(event.currentTarget));
        }}
      >
        <Stack>
          {occurrence && <Text size="sm">{t("calendar.move_text", { name: occurrence.title })}</Text>}
          {!occurrence && (
            <>
              <TextInput name="title" defaultValue={appointment?.title} label={t("calendar.name")} required maxLength={200} error={field("title")} data-autofocus autoComplete="off" />
              {!appointment && <Select label={t("calendar.group")} required searchable allowDeselect={false} value={group} onChange={setGroup} data={groups.map((room) => ({ value: room.group.id, label: room.group.name }))} />}
              <Checkbox label={t("calendar.all_day")} checked={whole} onChange={(event) => setWhole(event.currentTarget.checked)} />
            </>
          )}
          <TextInput {...at("start", "09:00")} required />
          <TextInput {...at("end", "10:00")} required={!whole} description={t("calendar.zone", { zone })} inputWrapperOrder={["label", "input", "description", "error"]} />
          {!occurrence && (
            <>
              <Select label={t("calendar.repeat")} allowDeselect={false} value={repeat} onChange={(value) => setRepeat(value ?? "")} data={repeats} error={field("rrule")} />
              {Boolean(appointment?.changes?.length) && (
                <Text size="sm" c="dimmed">
                  {t("calendar.edit_text")}
                </Text>
              )}
              <TextInput name="place" defaultValue={appointment?.place} label={t("calendar.place")} maxLength={300} error={field("place")} />
              <Textarea name="description" defaultValue={appointment?.description} label={t("create.description")} autosize minRows={2} maxRows={5} maxLength={5000} error={field("description")} />
            </>
          )}
          {!FIELDS.some(field) && <Wrong problem={error} />}
          <Button type="submit" loading={isPending} disabled={!group}>
            {t(appointment ? "account.save" : "calendar.make")}
          </Button>
        </Stack>
      </form>
    </Dialog>
  );
}

/** A local time as a field shows it: without seconds. */
const shown = (local: string) => local.slice(0, 16);

/** Only what has changed is asked for: with other times, what was changed of single ones is gone. */
function changesOf(old: Appointment, asked: { start: string; end: string } & Record<string, unknown>) {
  const before: Record<string, unknown> = { ...old, start: shown(old.local_start), end: shown(old.local_end) };
  const changes = Object.fromEntries(Object.entries(asked).filter(([name, value]) => value !== before[name]));
  const { start, end } = asked;
  return "start" in changes || "end" in changes ? { ...changes, start, end } : changes; // one alone would move the other
}
