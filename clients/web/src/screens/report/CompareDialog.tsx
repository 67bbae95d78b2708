import { Button, Divider, Select, Stack, Text } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useLocation } from "wouter";
import type { Period, ReportLine } from "../../api/reports";
import type { Page, Report } from "../../api/types";
import { ask, get } from "../../session";
import { Dialog } from "../../ui/Dialog";
import { useFormat } from "../../ui/format";
import { useKey } from "../../ui/useKey";
import { Wrong } from "../../ui/Wrong";
import { PeriodFields } from "./Question";
import { questionOf } from "./useAnew";
import { useReportTypes } from "./useReports";

/** What a report is to stand beside: itself of another period, or one of mine of the same kind. */
export default function CompareDialog({ report, close }: { report: Report; close: () => void }) {
  const { t } = useTranslation();
  const format = useFormat();
  const key = useKey();
  const [, go] = useLocation();
  const names = useReportTypes().data?.find((one) => one.type === report.type)?.periods ?? [];
  const mine = useQuery({ queryKey: ["reports", report.type, "others"], queryFn: () => get<Page<ReportLine>>(`/reports?type=${report.type}&limit=100`) });
  const others = mine.data?.items.filter((one) => one.status === "ready" && one.id !== report.id) ?? [];
  const [period, setPeriod] = useState<Period>(() => yearBefore(report));
  const { mutate, isPending, error } = useMutation({
    mutationFn: () => {
      const question = { ...questionOf(report), period };
      return ask(question, null, key(question));
    },
    onSuccess: (id) => go(`/reports/${report.id}/with/${id}`),
  });

  return (
    <Dialog close={close} title={t("compare.title")}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          mutate();
        }}
      >
        <Stack>
          <Text size="sm" fw={560}>
            {t("compare.period")}
          </Text>
          <PeriodFields names={names} period={period} change={setPeriod} />
          <Wrong problem={error} />
          <Button type="submit" loading={isPending}>
            {t("compare.make")}
          </Button>
        </Stack>
      </form>
      {others.length > 0 && (
        <>
          <Divider my="lg" label={t("compare.or")} />
          <Select label={t("compare.other")} placeholder={t("compare.choose")} searchable maxDropdownHeight={260} data={others.map((one) => ({ value: one.id, label: `${one.title} · ${one.as_of ? format.moment(one.as_of) : ""}` }))} value={null} onChange={(id) => id && go(`/reports/${report.id}/with/${id}`)} />
        </>
      )}
    </Dialog>
  );
}

function yearBefore({ period }: Report): Period {
  const back = (iso: string) => `${Number(iso.slice(0, 4)) - 1}${iso.slice(4) === "-02-29" ? "-02-28" : iso.slice(4)}`;
  return period?.from && period.to ? { from: back(period.from), to: back(period.to) } : { name: "last_year" };
}
