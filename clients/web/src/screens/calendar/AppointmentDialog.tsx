import { Button, Checkbox, Select, Stack, Text, Textarea, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { Problem } from "../../api/http";
import { make, queries } from "../../session";
import { useApp } from "../../state/store";
import { Dialog } from "../../ui/Dialog";
import { useProblem } from "../../ui/format";
import { useKey } from "../../ui/useKey";
import { useZone } from "../../ui/useZone";

export const REPEATS = ["", "FREQ=DAILY", "FREQ=WEEKLY", "FREQ=WEEKLY;INTERVAL=2", "FREQ=MONTHLY", "FREQ=YEARLY"] as const;
const FIELDS = ["title", "description", "place", "start", "end", "rrule"];

export default function AppointmentDialog({ day, close }: { day?: string; close: () => void }) {
  const { t } = useTranslation();
  const say = useProblem();
  const rooms = useApp((state) => state.rooms);
  const zone = useZone();
  const key = useKey();
  const groups = Object.values(rooms).filter(({ group }) => !group.ended_at);
  const [group, setGroup] = useState<string | null>(groups[0]?.group.id ?? null);
  const [repeat, setRepeat] = useState<string>("");
  const [whole, setWhole] = useState(false);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<unknown>(null);
  const field = (name: string) => (problem instanceof Problem ? problem.errors.find((e) => e.loc.includes(name))?.msg : undefined);

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const text = (name: string) => String(form.get(name) ?? "").trim();
    // What one writes is what the clocks of one's zone show; an all-day end is the day after.
    const end = whole ? dayAfter(text("end") || text("start")) : text("end");
    const asked = { title: text("title"), description: text("description"), place: text("place"), start: text("start"), end, timezone: zone, all_day: whole, rrule: repeat || null };
    setBusy(true);
    setProblem(null);
    try {
      await make(`/groups/${group}/appointments`, asked, key({ ...asked, group }));
      await queries.invalidateQueries({ queryKey: ["calendar"] });
      close();
    } catch (error) {
      setProblem(error);
      setBusy(false);
    }
  }

  const type = whole ? "date" : "datetime-local";
  return (
    <Dialog close={close} title={t("calendar.new")}>
      <form onSubmit={submit}>
        <Stack>
          <TextInput name="title" label={t("calendar.name")} required maxLength={200} error={field("title")} data-autofocus autoComplete="off" />
          <Select label={t("calendar.group")} required searchable allowDeselect={false} value={group} onChange={setGroup} data={groups.map((room) => ({ value: room.group.id, label: room.group.name }))} />
          <Checkbox label={t("calendar.all_day")} checked={whole} onChange={(event) => setWhole(event.currentTarget.checked)} />
          <TextInput key={`start ${type}`} type={type} name="start" defaultValue={day && (whole ? day : `${day}T09:00`)} label={t("calendar.start")} required error={field("start")} />
          <TextInput key={`end ${type}`} type={type} name="end" defaultValue={day && (whole ? day : `${day}T10:00`)} label={t("calendar.end")} required={!whole} error={field("end")} description={t("calendar.zone", { zone })} inputWrapperOrder={["label", "input", "description", "error"]} />
          <Select label={t("calendar.repeat")} allowDeselect={false} value={repeat} onChange={(value) => setRepeat(value ?? "")} data={REPEATS.map((value, n) => ({ value, label: t(`calendar.repeat_${n}`) }))} error={field("rrule")} />
          <TextInput name="place" label={t("calendar.place")} maxLength={200} error={field("place")} />
          <Textarea name="description" label={t("create.description")} autosize minRows={2} maxRows={5} maxLength={2000} error={field("description")} />
          {problem !== null && !FIELDS.some(field) && (
            <Text size="sm" c="red" role="alert">
              {say(problem)}
            </Text>
          )}
          <Button type="submit" loading={busy} disabled={!group}>
            {t("calendar.make")}
          </Button>
        </Stack>
      </form>
    </Dialog>
  );
}

function dayAfter(day: string): string {
  const date = new Date(`${day}T00:00:00Z`);
  date.setUTCDate(date.getUTCDate() + 1);
  return date.toISOString().slice(0, 10);
}
