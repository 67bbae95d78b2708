import { queries } from "./queries";
import { get } from "../session";

/** What this Bchat is set to, for its clients. */
export interface ClientConfig {
  bokeh: { url: string };
  /** Where pictures of maps come from; null: from nowhere, outlines are drawn. */
  tiles: { url: string; attribution: string; max_zoom: number } | null;
}

export const config = () => queries.fetchQuery({ queryKey: ["config"], queryFn: () => get<ClientConfig>("/client-config"), staleTime: Infinity });
