import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import type { ReportType } from "../../api/reports";
import type { Report } from "../../api/types";
import { get } from "../../session";

/** While a report is made its frames say how far it is; this is for one that got lost. */
const LOOK_AGAIN_MS = 4_000;

/** The kinds of report this person may see, with what each can be asked for with. */
export function useReportTypes(enabled = true, source?: string | null) {
  const { i18n } = useTranslation();
  return useQuery({
    queryKey: ["types", source ?? "", i18n.language],
    queryFn: async () => (await get<{ items: ReportType[] }>(`/reports/types?locale=${i18n.language}${source ? `&source=${encodeURIComponent(source)}` : ""}`)).items.filter((item) => item.allowed),
    enabled,
  });
}

/** A report is frozen when it is made: read once, it needs no second reading. */
export function useReport(id: string) {
  return useQuery({
    queryKey: ["report", id],
    queryFn: () => get<Report>(`/reports/${id}`),
    staleTime: (query) => (query.state.data?.status === "ready" ? Infinity : 0),
    refetchInterval: (query) => (onTheWay(query.state.data?.status) ? LOOK_AGAIN_MS : false),
    gcTime: 60 * 60_000,
  });
}

export const onTheWay = (status: Report["status"] | undefined) => status === "queued" || status === "running";
