import { useInfiniteQuery } from "@tanstack/react-query";
import { useEffect, useMemo } from "react";
import type { Member, Page, Role } from "../../api/types";
import { get } from "../../session";
import { happen } from "../../state/store";

/** The members of a room, page by page; their names become known to everything that shows names. */
export function useMembers(groupId: string) {
  const query = useInfiniteQuery({
    queryKey: ["members", groupId],
    queryFn: ({ pageParam }) => get<Page<Member>>(`/groups/${groupId}/members?limit=200${pageParam ? `&cursor=${encodeURIComponent(pageParam)}` : ""}`),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_cursor || undefined,
  });
  const members = useMemo(() => query.data?.pages.flatMap((page) => page.items) ?? [], [query.data]);
  useEffect(() => {
    if (members.length) happen({ type: "people", people: members.map((m) => ({ id: m.user_id, display_name: m.display_name, kind: m.kind ?? "staff" })) });
  }, [members]);
  return { ...query, members };
}

export function useRoles(groupId: string): Record<string, Role> {
  const { members } = useMembers(groupId);
  return useMemo(() => Object.fromEntries(members.map((m) => [m.user_id, m.role])), [members]);
}
