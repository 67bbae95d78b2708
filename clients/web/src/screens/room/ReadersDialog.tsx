import { Button } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import type { Entry } from "../../api/types";
import { receiptsOf } from "../../session";
import { useApp, useRoom } from "../../state/store";
import { Avatar } from "../../ui/Avatar";
import { Dialog } from "../../ui/Dialog";
import { useMembers } from "../members/useMembers";
import css from "./Dialogs.module.css";

/** Who has read one's message, and who has not yet. */
export default function ReadersDialog({ entry, groupId, close }: { entry: Entry; groupId: string; close: () => void }) {
  const { t } = useTranslation();
  const people = useApp((state) => state.people);
  const { members, hasNextPage, fetchNextPage, isFetchingNextPage } = useMembers(groupId);
  const others = members.filter((one) => one.user_id !== entry.sender_id);
  const reads = useRoom(groupId)?.reads ?? {};
  const query = useInfiniteQuery({
    queryKey: ["receipts", groupId, entry.seq],
    queryFn: ({ pageParam }) => receiptsOf(groupId, entry.seq, pageParam),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_cursor || undefined,
    staleTime: 0,
  });
  const { hasNextPage: further, fetchNextPage: goOn } = query;
  useEffect(() => {
    if (further && members.length > (query.data?.pages.length ?? 0) * 200) void goOn(); // as far as the members who are shown
  }, [further, goOn, members.length, query.data]);
  const states = new Map(query.data?.pages.flatMap((page) => page.items).map((one) => [one.user_id, one.state]));
  const has = (id: string) => (reads[id] ?? 0) >= entry.seq;
  const parts = [
    { title: t("room.readers_read"), those: others.filter((one) => has(one.user_id)), none: t("room.readers_none") },
    { title: t("room.readers_not"), those: others.filter((one) => !has(one.user_id)), none: null },
  ];
  return (
    <Dialog close={close} title={t("room.readers")}>
      {parts.map(
        ({ title, those, none }) =>
          (those.length > 0 || none) && (
            <section key={title} className={css.part}>
              <h3>{title}</h3>
              {those.length === 0 && <p>{none}</p>}
              <ul aria-label={title}>
                {those.map((one) => (
                  <li key={one.user_id}>
                    <Avatar id={one.user_id} name={one.display_name} size={32} src={people[one.user_id]?.avatar_url} />
                    <span>
                      {one.display_name}
                      {!has(one.user_id) && states.has(one.user_id) && <small>{t(`room.receipt_${states.get(one.user_id)!}`)}</small>}
                    </span>
                  </li>
                ))}
              </ul>
            </section>
          ),
      )}
      {hasNextPage && (
        <Button fullWidth variant="subtle" loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>
          {t("members.more")}
        </Button>
      )}
    </Dialog>
  );
}
