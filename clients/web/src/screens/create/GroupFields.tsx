import { Radio, SegmentedControl, Select, Stack, Text, Textarea, TextInput } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Catalogue, Group } from "../../api/types";
import { useZone } from "../../ui/useZone";
import { instantOf, localOf } from "../../ui/zone";
import { useReportTypes } from "../report/useReports";

const CATALOGUES: Catalogue[] = ["chat", "business", "task"];

/** What a group is, as a form; of a new one or of one there is. */
export function useGroupFields(group?: Group) {
  const zone = useZone();
  const [catalogue, setCatalogue] = useState<Catalogue>(group?.catalogue ?? "chat");
  const [type, setType] = useState<string | null>(group?.type ?? null);
  const types = useReportTypes(catalogue === "business");
  return {
    catalogue,
    setCatalogue,
    type,
    setType,
    types: types.data,
    zone,
    /** Something without which the form cannot be sent. */
    missing: catalogue === "business" && (!type || types.data?.length === 0),
    /** What the form says. */
    read(form: FormData) {
      return {
        name: String(form.get("name")).trim(),
        description: String(form.get("description")).trim(),
        catalogue,
        visibility: String(form.get("visibility")),
        ...(catalogue === "business" ? { type } : {}),
        ...(catalogue === "task" ? { target_end: instantOf(String(form.get("target_end")), zone) } : {}),
      };
    },
  };
}

export const FIELDS = ["name", "description", "type", "visibility", "target_end"];

/** @param error what the server said of a field. */
export function GroupFields({ fields, group, error }: { fields: ReturnType<typeof useGroupFields>; group?: Group; error: (name: string) => string | undefined }) {
  const { t } = useTranslation();
  const { catalogue, setCatalogue, type, setType, types, zone } = fields;
  return (
    <Stack>
      <SegmentedControl fullWidth aria-label={t("create.catalogue")} value={catalogue} onChange={(value) => setCatalogue(value as Catalogue)} data={CATALOGUES.map((value) => ({ value, label: t(`catalogue.${value}`) }))} />
      <Text size="sm" c="dimmed" mt={-8}>
        {t(`create.catalogue_${catalogue}`)}
      </Text>
      <TextInput name="name" label={t("create.name")} defaultValue={group?.name} required maxLength={100} error={error("name")} data-autofocus autoComplete="off" />
      <Textarea name="description" label={t("create.description")} defaultValue={group?.description} autosize minRows={2} maxRows={5} maxLength={2000} error={error("description")} />
      {catalogue === "business" &&
        (types?.length === 0 ? (
          <Text size="sm" c="dimmed">
            {t("create.no_types")}
          </Text>
        ) : (
          <Select label={t("create.type")} required value={type} onChange={setType} data={types?.map(({ type }) => ({ value: type, label: t(`report_type.${type}`) })) ?? []} error={error("type")} />
        ))}
      {catalogue === "task" && (
        <TextInput
          type="datetime-local"
          name="target_end"
          label={t("create.target_end")}
          description={t("calendar.zone", { zone })}
          inputWrapperOrder={["label", "input", "description", "error"]}
          defaultValue={group?.target_end ? localOf(group.target_end, zone) : undefined}
          required
          error={error("target_end")}
        />
      )}
      <Radio.Group name="visibility" label={t("create.visibility")} defaultValue={group?.visibility ?? "open"}>
        <Stack gap="xs" mt={6}>
          <Radio value="open" label={t("create.open")} />
          <Radio value="invite" label={t("create.invite")} />
        </Stack>
      </Radio.Group>
    </Stack>
  );
}
