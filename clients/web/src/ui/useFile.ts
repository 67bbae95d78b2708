import { useQuery } from "@tanstack/react-query";
import { queries } from "../api/queries";
import { file } from "../session";

const KEPT_MS = 10 * 60_000;

/** The address of a file that only who is signed in may have: an <img> by itself could not say who asks. */
export function useFile(url: string | null | undefined): { src?: string; failed: boolean } {
  const { data, isError } = useQuery({
    queryKey: ["file", url],
    queryFn: async () => URL.createObjectURL(await file(url!)),
    enabled: Boolean(url),
    staleTime: Infinity,
    gcTime: KEPT_MS,
  });
  return { src: data, failed: isError };
}

queries.getQueryCache().subscribe(({ type, query }) => {
  if (type === "removed" && query.queryKey[0] === "file" && typeof query.state.data === "string") URL.revokeObjectURL(query.state.data);
});
