import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import type { Entry } from "../../api/types";
import { formerTexts } from "../../session";
import { Dialog } from "../../ui/Dialog";
import { useFormat } from "../../ui/format";
import { Waiting } from "../../ui/Screen";
import css from "./Dialogs.module.css";

/** What a message said before it was edited. */
export default function FormerDialog({ entry, groupId, close }: { entry: Entry; groupId: string; close: () => void }) {
  const { t } = useTranslation();
  const format = useFormat();
  const query = useQuery({ queryKey: ["former", groupId, entry.seq, entry.edited_at], queryFn: () => formerTexts(groupId, entry.seq) });
  return (
    <Dialog close={close} title={t("room.former")}>
      <Waiting query={query} has={false} />
      <ul className={css.former}>
        {query.data?.items.map((one) => (
          <li key={one.at}>
            {one.text}
            <small>{t("room.former_at", { when: format.moment(one.at) })}</small>
          </li>
        ))}
      </ul>
    </Dialog>
  );
}
