import { useQuery } from "@tanstack/react-query";
import type { Report } from "../../api/types";
import { get } from "../../session";

/** The kinds of report this person may see. */
export function useReportTypes(enabled = true) {
  return useQuery({
    queryKey: ["types"],
    queryFn: async () => (await get<{ items: { type: string; allowed: boolean }[] }>("/reports/types")).items.filter((item) => item.allowed).map((item) => item.type),
    enabled,
  });
}

/** A report is frozen when it is made: read once, it needs no second reading. */
export function useReport(id: string) {
  return useQuery({ queryKey: ["report", id], queryFn: () => get<Report>(`/reports/${id}`), staleTime: Infinity, gcTime: 60 * 60_000 });
}
