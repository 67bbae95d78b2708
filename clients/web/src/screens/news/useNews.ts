import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import type { Article, Page } from "../../api/types";
import { get } from "../../session";

type NewsPage = Page<Article> & { unread: number };

/** How many articles wait to be read. */
export function useUnreadNews(): number {
  const { data } = useQuery({ queryKey: ["news", "unread"], queryFn: () => get<NewsPage>("/news?limit=1") });
  return data?.unread ?? 0;
}

/** @param more further conditions, as the query has them. */
export function useNewsList(status?: string, more = "") {
  return useInfiniteQuery({
    queryKey: ["news", "list", status ?? "", more],
    queryFn: ({ pageParam }) => get<NewsPage>(`/news?limit=20${more}${status ? `&status=${status}` : ""}${pageParam ? `&cursor=${encodeURIComponent(pageParam)}` : ""}`),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_cursor,
  });
}

export function useArticle(id: string) {
  return useQuery({ queryKey: ["news", "article", id], queryFn: () => get<Article>(`/news/${id}`), retry: false });
}
