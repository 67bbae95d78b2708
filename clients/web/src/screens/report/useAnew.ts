import { useState } from "react";
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

export interface Anew {
  busy: boolean;
  problem: unknown;
  make: () => Promise<void>;
}

/** The same question again, on the facts of now; the new report is for who asks. */
export function useAnew(report: Report | undefined, back: string): Anew {
  const [, go] = useLocation();
  const key = useKey();
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<unknown>(null);
  async function make() {
    if (!report) return;
    setBusy(true);
    setProblem(null);
    try {
      const id = await ask(questionOf(report), null, key(report.id));
      go(`/reports/${id}`, { state: { back } });
    } catch (error) {
      setProblem(error);
    }
    setBusy(false);
  }
  return { busy, problem, make };
}
