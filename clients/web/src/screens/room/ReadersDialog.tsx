import { Button } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { Entry } from "../../api/types";
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
                    {one.display_name}
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
