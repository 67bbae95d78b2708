import { Button, Radio, SegmentedControl, Select, Stack, Text, Textarea, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { useLocation } from "wouter";
import { Problem } from "../../api/http";
import type { Catalogue } from "../../api/types";
import { create } from "../../session";
import { Dialog } from "../../ui/Dialog";
import { useProblem } from "../../ui/format";
import { useKey } from "../../ui/useKey";
import { useReportTypes } from "../report/useReports";

const CATALOGUES: Catalogue[] = ["chat", "business", "task"];

export default function CreateDialog({ close }: { close: () => void }) {
  const { t } = useTranslation();
  const say = useProblem();
  const [, go] = useLocation();
  const [catalogue, setCatalogue] = useState<Catalogue>("chat");
  const [type, setType] = useState<string | null>(null);
  const key = useKey();
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<unknown>(null);
  const types = useReportTypes(catalogue === "business");
  const field = (name: string) => (problem instanceof Problem ? problem.errors.find((e) => e.loc.at(-1) === name)?.msg : undefined);
  const elsewhere = problem !== null && !["name", "description", "type", "visibility", "target_end"].some(field);

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const end = form.get("target_end");
    setBusy(true);
    setProblem(null);
    try {
      const asked = {
        name: String(form.get("name")).trim(),
        description: String(form.get("description")).trim(),
        catalogue,
        visibility: form.get("visibility"),
        ...(catalogue === "business" ? { type } : {}),
        ...(catalogue === "task" ? { target_end: new Date(String(end)).toISOString() } : {}),
      };
      const group = await create(asked, key(asked));
      close();
      go(`/g/${group.id}`);
    } catch (error) {
      setProblem(error);
      setBusy(false);
    }
  }

  const missing = catalogue === "business" && (!type || types.data?.length === 0);
  return (
    <Dialog close={close} title={t("create.title")}>
      <form onSubmit={submit}>
        <Stack>
          <SegmentedControl fullWidth aria-label={t("create.catalogue")} value={catalogue} onChange={(value) => setCatalogue(value as Catalogue)} data={CATALOGUES.map((value) => ({ value, label: t(`catalogue.${value}`) }))} />
          <Text size="sm" c="dimmed" mt={-8}>
            {t(`create.catalogue_${catalogue}`)}
          </Text>
          <TextInput name="name" label={t("create.name")} required maxLength={100} error={field("name")} data-autofocus autoComplete="off" />
          <Textarea name="description" label={t("create.description")} autosize minRows={2} maxRows={5} maxLength={1000} error={field("description")} />
          {catalogue === "business" &&
            (types.data?.length === 0 ? (
              <Text size="sm" c="dimmed">
                {t("create.no_types")}
              </Text>
            ) : (
              <Select label={t("create.type")} required value={type} onChange={setType} data={types.data?.map(({ type }) => ({ value: type, label: t(`report_type.${type}`) })) ?? []} error={field("type")} />
            ))}
          {catalogue === "task" && <TextInput type="datetime-local" name="target_end" label={t("create.target_end")} required error={field("target_end")} />}
          <Radio.Group name="visibility" label={t("create.visibility")} defaultValue="open">
            <Stack gap="xs" mt={6}>
              <Radio value="open" label={t("create.open")} />
              <Radio value="invite" label={t("create.invite")} />
            </Stack>
          </Radio.Group>
          {elsewhere && (
            <Text size="sm" c="red" role="alert">
              {say(problem)}
            </Text>
          )}
          <Button type="submit" loading={busy} disabled={missing}>
            {t("create.submit")}
          </Button>
        </Stack>
      </form>
    </Dialog>
  );
}
