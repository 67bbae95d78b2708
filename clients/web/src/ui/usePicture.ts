import { useQuery } from "@tanstack/react-query";
import { access } from "../session";

/** Somebody's picture once it is here. Its address changes with it, so it is read once. */
export function usePicture(url: string | null | undefined): string | undefined {
  return useQuery({ queryKey: ["picture", url], queryFn: () => access.picture(url!), enabled: !!url, staleTime: Infinity, gcTime: Infinity }).data;
}
