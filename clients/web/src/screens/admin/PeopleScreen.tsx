import { Badge, Button, CloseButton, Select, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconSearch, IconUserPlus, IconUsers } from "@tabler/icons-react";
import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Page } from "../../api/types";
import { get } from "../../session";
import { Avatar } from "../../ui/Avatar";
import { More, Nothing, Screen, Waiting } from "../../ui/Screen";
import { lazily } from "../../ui/lazily";
import { Administrators, useAdminTabs } from "./Administrators";
import css from "./admin.module.css";
import type { Account } from "./people";

const NewPersonDialog = lazily(() => import("./NewPersonDialog"));
const PersonDialog = lazily(() => import("./PersonDialog"));
const TYPING_MS = 250;

/** Who may sign in, and what they may do. */
export default function PeopleScreen() {
  return (
    <Administrators>
      <People />
    </Administrators>
  );
}

function People() {
  const { t } = useTranslation();
  const [search, setSearch] = useState("");
  const [q] = useDebouncedValue(search.trim(), TYPING_MS);
  const [kind, setKind] = useState("");
  const [active, setActive] = useState("");
  const [dialog, setDialog] = useState<Account | "new" | null>(null);
  const query = useInfiniteQuery({
    queryKey: ["people", q, kind, active],
    queryFn: ({ pageParam }) => get<Page<Account>>(`/users?${new URLSearchParams(Object.entries({ limit: "50", q, kind, active, cursor: pageParam }).filter(([, value]) => value))}`),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_cursor,
    placeholderData: keepPreviousData,
  });
  const items = query.data?.pages.flatMap((page) => page.items) ?? [];
  const add = (
    <Button size="sm" leftSection={<IconUserPlus size={17} />} onClick={() => setDialog("new")}>
      {t("admin.new")}
    </Button>
  );
  return (
    <Screen title={t("admin.title")} tabs={useAdminTabs()} actions={add}>
      <div className={css.filters}>
        <TextInput
          type="search"
          className={css.search}
          aria-label={t("members.search")}
          placeholder={t("members.search")}
          value={search}
          onChange={(event) => setSearch(event.currentTarget.value)}
          leftSection={<IconSearch size={17} stroke={1.8} />}
          rightSection={search && <CloseButton size="sm" aria-label={t("do.cancel")} onClick={() => setSearch("")} />}
        />
        <Select aria-label={t("admin.kind")} data={["", "staff", "customer"].map((value) => ({ value, label: t(`admin.kind_${value || "any"}`) }))} value={kind} onChange={(value) => setKind(value ?? "")} allowDeselect={false} />
        <Select aria-label={t("admin.active")} data={["", "true", "false"].map((value) => ({ value, label: t(`admin.active_${value || "any"}`) }))} value={active} onChange={(value) => setActive(value ?? "")} allowDeselect={false} />
      </div>
      <Waiting query={query} has={Boolean(query.data)} />
      {query.data && items.length === 0 && <Nothing sign={IconUsers}>{t("admin.none")}</Nothing>}
      <ul className={css.lines} aria-label={t("admin.people")}>
        {items.map((person) => (
          <li key={person.id}>
            <button type="button" className={css.line} onClick={() => setDialog(person)} data-off={!person.active || undefined}>
              <Avatar id={person.id} name={person.display_name || person.username} src={person.avatar_url} size={38} />
              <span>
                <strong>{person.display_name || person.username}</strong>
                <small>
                  {person.username} · {t(`admin.kind_${person.kind}`)}
                </small>
              </span>
              {!person.active && (
                <Badge variant="light" color="gray" tt="none" fw={560}>
                  {t("admin.inactive")}
                </Badge>
              )}
              {person.permissions.includes("administrator") ? (
                <Badge variant="light" tt="none" fw={560}>
                  {t("permission.administrator")}
                </Badge>
              ) : (
                person.permissions.length > 0 && <small className={css.rights}>{t("admin.rights", { count: person.permissions.length })}</small>
              )}
            </button>
          </li>
        ))}
      </ul>
      <More query={query} />
      <Suspense>
        {dialog === "new" && <NewPersonDialog close={() => setDialog(null)} />}
        {dialog && dialog !== "new" && <PersonDialog person={items.find((one) => one.id === dialog.id) ?? dialog} close={() => setDialog(null)} />}
      </Suspense>
    </Screen>
  );
}
