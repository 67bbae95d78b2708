import { Button, Loader, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useInfiniteQuery } from "@tanstack/react-query";
import { IconSearch } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useLocation } from "wouter";
import type { Group, Page } from "../../api/types";
import { get, join } from "../../session";
import { useApp } from "../../state/store";
import { Avatar } from "../../ui/Avatar";
import { Dialog } from "../../ui/Dialog";
import { useProblem } from "../../ui/format";
import css from "./DiscoverDialog.module.css";

export default function DiscoverDialog({ close }: { close: () => void }) {
  const { t } = useTranslation();
  const say = useProblem();
  const [, go] = useLocation();
  const rooms = useApp((state) => state.rooms);
  const [words, setWords] = useState("");
  const [asked] = useDebouncedValue(words.trim(), 250);
  const [busy, setBusy] = useState<string | null>(null);
  const [problem, setProblem] = useState<unknown>(null);
  const { data, error, isPending, hasNextPage, fetchNextPage } = useInfiniteQuery({
    queryKey: ["groups", "open", asked],
    queryFn: ({ pageParam }) => get<Page<Group>>(`/groups?ended=false&limit=100&q=${encodeURIComponent(asked)}${pageParam ? `&cursor=${encodeURIComponent(pageParam)}` : ""}`),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_cursor || undefined,
  });
  const groups = data?.pages.flatMap((page) => page.items).filter((group) => !rooms[group.id] && !group.my_role) ?? [];

  async function enter(id: string) {
    setBusy(id);
    try {
      await join(id);
      close();
      go(`/g/${id}`);
    } catch (error) {
      setProblem(error);
      setBusy(null);
    }
  }

  return (
    <Dialog close={close} title={t("discover.title")}>
      <TextInput aria-label={t("discover.search")} placeholder={t("discover.search")} value={words} onChange={(event) => setWords(event.currentTarget.value)} leftSection={<IconSearch size={16} />} data-autofocus mb="sm" />
      {(problem ?? error) !== null && (
        <p className={css.none} role="alert">
          {say(problem ?? error)}
        </p>
      )}
      {isPending && <Loader type="dots" display="block" mx="auto" my="xl" />}
      {data && groups.length === 0 && !hasNextPage && <p className={css.none}>{t("discover.none")}</p>}
      <ul className={css.list}>
        {groups.map((group) => (
          <li key={group.id}>
            <Avatar id={group.id} name={group.name} size={44} catalogue={group.catalogue} />
            <span className={css.words}>
              <strong>{group.name}</strong>
              <small>{[group.description, group.member_count && t("discover.members", { count: group.member_count })].filter(Boolean).join(" · ")}</small>
            </span>
            <Button size="xs" variant="light" loading={busy === group.id} onClick={() => enter(group.id)}>
              {t("discover.join")}
            </Button>
          </li>
        ))}
      </ul>
      {hasNextPage && (
        <Button fullWidth variant="subtle" onClick={() => void fetchNextPage()}>
          {t("members.more")}
        </Button>
      )}
    </Dialog>
  );
}
