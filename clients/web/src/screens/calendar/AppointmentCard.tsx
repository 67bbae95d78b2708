import { Button, Group as Row, Stack, Text } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { IconCalendar, IconMapPin, IconMessages, IconRepeat } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";
import type { Appointment, CalendarItem } from "../../api/types";
import { tell } from "../../alerts/tell";
import { renew } from "../../api/queries";
import { access, get } from "../../session";
import { useApp } from "../../state/store";
import { Dialog } from "../../ui/Dialog";
import { useFormat } from "../../ui/format";
import { Linked } from "../../ui/Linked";
import { useNames } from "../../ui/names";
import { Waiting } from "../../ui/Screen";
import { Wrong } from "../../ui/Wrong";
import AppointmentDialog, { REPEATS } from "./AppointmentDialog";
import css from "./calendar.module.css";

/** An appointment with all that is known of it, and the ways to change it and to call it off. */
export default function AppointmentCard({ item, close }: { item: CalendarItem; close: () => void }) {
  const { t } = useTranslation();
  const format = useFormat();
  const name = useNames();
  const me = useApp((state) => state.me!.id);
  const group = useApp((state) => (item.group_id ? state.rooms[item.group_id]?.group : undefined));
  const [sure, setSure] = useState<"one" | "all" | null>(null);
  const [edit, setEdit] = useState<"one" | "all" | null>(null);
  const query = useQuery({ queryKey: ["calendar", "appointment", item.id], queryFn: () => get<Appointment>(`/appointments/${item.id}`) });
  const call = useMutation({
    mutationFn: (which: "one" | "all") => access.request("DELETE", which === "all" ? `/appointments/${item.id}` : `/appointments/${item.id}/occurrences/${item.occurrence}`),
    onSuccess: async (_, which) => {
      await renew("calendar");
      close();
      if (which === "one") tell({ id: `appointment ${item.id}`, title: item.title, message: t("calendar.called_off"), undo: () => putBack(item) });
    },
  });
  const one = query.data;
  const mine = one && !group?.ended_at && (one.made_by === me || group?.my_role === "owner" || group?.my_role === "coordinator");
  const when = item.all_day ? `${format.day(`${item.local_start ?? item.start.slice(0, 10)}T12:00:00Z`)} · ${t("calendar.all_day")}` : `${format.day(item.start)}, ${format.time(item.start)}${item.end ? ` – ${format.time(item.end)}` : ""}`;
  const repeat = one?.rrule ? (REPEATS as readonly string[]).indexOf(one.rrule) : -1;
  if (edit && one) return <AppointmentDialog appointment={one} occurrence={edit === "one" ? item : undefined} close={close} />;
  return (
    <Dialog close={close} title={item.title}>
      <Stack gap="sm">
        <p className={css.fact}>
          <IconCalendar size={18} /> {when}
        </p>
        {one?.rrule && (
          <p className={css.fact}>
            <IconRepeat size={18} /> {repeat > 0 ? t(`calendar.repeat_${repeat}`) : one.rrule}
          </p>
        )}
        {item.place && (
          <p className={css.fact}>
            <IconMapPin size={18} /> {item.place}
          </p>
        )}
        {group && (
          <p className={css.fact}>
            <IconMessages size={18} /> <Link href={`/g/${group.id}`}>{group.name}</Link>
          </p>
        )}
        <Waiting query={query} has={Boolean(one)} />
        {one?.description && (
          <p className={css.description}>
            <Linked text={one.description} />
          </p>
        )}
        {one && (
          <Text size="sm" c="dimmed">
            {t("calendar.made_by", { name: name(one.made_by) })}
          </Text>
        )}
        <Wrong problem={call.error} />
        {mine && !sure && (
          <Row justify="flex-end" gap="sm">
            {one.rrule && item.occurrence && (
              <Button variant="default" onClick={() => setEdit("one")}>
                {t("calendar.move")}
              </Button>
            )}
            <Button variant="default" onClick={() => setEdit("all")}>
              {t(one.rrule ? "calendar.edit_all" : "calendar.edit")}
            </Button>
            {one.rrule && item.occurrence && (
              <Button variant="default" onClick={() => setSure("one")}>
                {t("calendar.cancel_one")}
              </Button>
            )}
            <Button variant="light" color="red" onClick={() => setSure("all")}>
              {t(one.rrule ? "calendar.cancel_all" : "calendar.cancel")}
            </Button>
          </Row>
        )}
        {sure && (
          <>
            <Text size="sm">{t("calendar.cancel_sure")}</Text>
            <Row justify="flex-end">
              <Button variant="default" onClick={() => setSure(null)}>
                {t("do.back")}
              </Button>
              <Button color="red" loading={call.isPending} onClick={() => call.mutate(sure)}>
                {t(sure === "one" ? "calendar.cancel_one" : one?.rrule ? "calendar.cancel_all" : "calendar.cancel")}
              </Button>
            </Row>
          </>
        )}
      </Stack>
    </Dialog>
  );
}

/** One of a series that was called off, where it was. */
async function putBack(item: CalendarItem) {
  const times = item.all_day ? { start: item.local_start, end: item.local_end } : { start: item.start, end: item.end };
  await access.request("PUT", `/appointments/${item.id}/occurrences/${item.occurrence}`, times);
  await renew("calendar");
}
