import { Badge, Checkbox, CloseButton, Select, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconSearch, IconUsersGroup } from "@tabler/icons-react";
import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Group, Page } from "../../api/types";
import { get } from "../../session";
import { Avatar } from "../../ui/Avatar";
import { useNames } from "../../ui/names";
import { More, Nothing, Screen, Waiting } from "../../ui/Screen";
import { lazily } from "../../ui/lazily";
import { Administrators, useAdminTabs } from "./Administrators";
import css from "./admin.module.css";

const GroupDialog = lazily(() => import("./GroupDialog"));
const TYPING_MS = 250;

export interface AnyGroup extends Group {
  owner_id: string;
  owner_active: boolean;
}

/** All groups, as what they are; what is said in them is only for their members. */
export default function GroupsScreen() {
  return (
    <Administrators>
      <Groups />
    </Administrators>
  );
}

function Groups() {
  const { t } = useTranslation();
  const name = useNames();
  const [search, setSearch] = useState("");
  const [q] = useDebouncedValue(search.trim(), TYPING_MS);
  const [ended, setEnded] = useState("false");
  const [ownerless, setOwnerless] = useState(false);
  const [open, setOpen] = useState<string | null>(null);
  const query = useInfiniteQuery({
    queryKey: ["groups", "admin", q, ended, ownerless],
    queryFn: ({ pageParam }) => get<Page<AnyGroup>>(`/admin/groups?${new URLSearchParams(Object.entries({ limit: "50", q, ended, ownerless: ownerless ? "true" : "", cursor: pageParam }).filter(([, value]) => value))}`),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_cursor,
    placeholderData: keepPreviousData,
  });
  const items = query.data?.pages.flatMap((page) => page.items) ?? [];
  const shown = items.find((one) => one.id === open);
  return (
    <Screen title={t("admin.title")} tabs={useAdminTabs()}>
      <div className={css.filters}>
        <TextInput
          type="search"
          className={css.search}
          aria-label={t("list.search")}
          placeholder={t("list.search")}
          value={search}
          onChange={(event) => setSearch(event.currentTarget.value)}
          leftSection={<IconSearch size={17} stroke={1.8} />}
          rightSection={search && <CloseButton size="sm" aria-label={t("do.cancel")} onClick={() => setSearch("")} />}
        />
        <Select aria-label={t("admin.state")} data={["", "false", "true"].map((value) => ({ value, label: t(`admin.ended_${value || "any"}`) }))} value={ended} onChange={(value) => setEnded(value ?? "")} allowDeselect={false} />
        <Checkbox label={t("admin.ownerless")} checked={ownerless} onChange={(event) => setOwnerless(event.currentTarget.checked)} />
      </div>
      <Waiting query={query} has={Boolean(query.data)} />
      {query.data && items.length === 0 && <Nothing sign={IconUsersGroup}>{t("admin.no_groups")}</Nothing>}
      <ul className={css.lines} aria-label={t("admin.groups")}>
        {items.map((group) => (
          <li key={group.id}>
            <button type="button" className={css.line} onClick={() => setOpen(group.id)} data-off={Boolean(group.ended_at) || undefined}>
              <Avatar id={group.id} name={group.name} catalogue={group.catalogue} size={38} />
              <span>
                <strong>{group.name}</strong>
                <small>
                  {[t(`catalogue.${group.catalogue}`), t("room.members", { count: group.member_count ?? 0 }), `${t("role.owner")}: ${name(group.owner_id)}`].join(" · ")}
                </small>
              </span>
              {!group.owner_active && !group.ended_at && (
                <Badge variant="light" color="orange" autoContrast tt="none" fw={560}>
                  {t("admin.owner_gone")}
                </Badge>
              )}
              {group.ended_at && (
                <Badge variant="light" color="gray" tt="none" fw={560}>
                  {t("list.ended")}
                </Badge>
              )}
            </button>
          </li>
        ))}
      </ul>
      <More query={query} />
      <Suspense>{shown && <GroupDialog key={shown.id} group={shown} close={() => setOpen(null)} />}</Suspense>
    </Screen>
  );
}
