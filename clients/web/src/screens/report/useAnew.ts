import { useMutation } from "@tanstack/react-query";
import { useLocation } from "wouter";
import type { Question } from "../../api/reports";
import type { Report } from "../../api/types";
import { ask } from "../../session";
import { useKey } from "../../ui/useKey";

/** What a report was asked for with. A named period stays one: last month is another by now. */
export function questionOf(report: Pick<Report, "type" | "source" | "period" | "filters">): Question {
  const { period } = report;
  return {
    type: report.type,
    source: report.source,
    period: period?.name ? { name: period.name } : { from: period?.from ?? "", to: period?.to ?? "" },
    filters: report.filters ?? {},
  };
}

/** The same question again, on the facts of now; the new report is for who asks. */
export function useAnew(back: string) {
  const [, go] = useLocation();
  const key = useKey();
  return useMutation({
    mutationFn: (report: Report) => ask(questionOf(report), null, key(report.id)),
    onSuccess: (id) => go(`/reports/${id}`, { state: { back } }),
  });
}
