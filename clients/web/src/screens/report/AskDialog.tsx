import { Button, Select, Stack, Text, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Group } from "../../api/types";
import { ask } from "../../session";
import { Dialog } from "../../ui/Dialog";
import { useProblem } from "../../ui/format";
import { useKey } from "../../ui/useKey";
import { useReportTypes } from "./useReports";

const PERIODS = ["last_12_months", "this_month", "last_month", "this_quarter", "last_quarter", "this_year", "last_year", "custom"];

export default function AskDialog({ group, close }: { group: Group; close: () => void }) {
  const { t } = useTranslation();
  const say = useProblem();
  const key = useKey();
  const types = useReportTypes();
  const [chosen, setType] = useState<string | null>(null);
  const type = chosen ?? types.data?.find((one) => one === group.type) ?? types.data?.[0] ?? null;
  const [period, setPeriod] = useState("last_12_months");
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<unknown>(null);

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    if (!type) return;
    const form = new FormData(event.currentTarget);
    const dates: Record<string, string> = period === "custom" ? { from: String(form.get("from")), to: String(form.get("to")) } : { name: period };
    setBusy(true);
    try {
      await ask(group.id, type, dates, key(type, dates));
      close();
    } catch (error) {
      setProblem(error);
      setBusy(false);
    }
  }

  return (
    <Dialog close={close} title={t("room.ask")}>
      {types.data?.length === 0 ? (
        <Text size="sm" pb="md">
          {t("report.no_types")}
        </Text>
      ) : (
        <form onSubmit={submit}>
          <Stack>
            <Text size="sm" c="dimmed">
              {t("report.asking")}
            </Text>
            <Select label={t("report.type")} data={types.data?.map((value) => ({ value, label: t(`report_type.${value}`) })) ?? []} value={type} onChange={setType} allowDeselect={false} data-autofocus />
            <Select label={t("report.period")} data={PERIODS.map((value) => ({ value, label: t(`period.${value}`) }))} value={period} onChange={(value) => setPeriod(value ?? period)} allowDeselect={false} maxDropdownHeight={320} />
            {period === "custom" && (
              <>
                <TextInput type="date" name="from" label={t("period.from")} required withAsterisk={false} />
                <TextInput type="date" name="to" label={t("period.to")} required withAsterisk={false} />
              </>
            )}
            {(problem ?? types.error) !== null && (
              <Text size="sm" c="red" role="alert">
                {say(problem ?? types.error)}
              </Text>
            )}
            <Button type="submit" loading={busy} disabled={!type}>
              {t("report.ask")}
            </Button>
          </Stack>
        </form>
      )}
    </Dialog>
  );
}
