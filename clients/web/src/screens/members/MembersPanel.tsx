import { ActionIcon, Button, Drawer, Menu, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useMutation, useQuery } from "@tanstack/react-query";
import { IconCheck, IconCrown, IconDots, IconPlus, IconSearch, IconUserMinus } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Member, Page, Person, Role } from "../../api/types";
import { renew } from "../../api/queries";
import { access, get } from "../../session";
import type { Room } from "../../state/apply";
import { useApp } from "../../state/store";
import { Avatar } from "../../ui/Avatar";
import { useProblem } from "../../ui/format";
import { RoleTag } from "../../ui/RoleTag";
import { Sure } from "../../ui/Sure";
import { ProfileDialog } from "../people/ProfileDialog";
import css from "./MembersPanel.module.css";
import { useMembers } from "./useMembers";

/** From so many members on they can be filtered. */
const FILTERED = 9;
const ROLES: Role[] = ["owner", "coordinator", "staff", "guest"];

export function MembersPanel({ room, opened, close }: { room: Room; opened: boolean; close: () => void }) {
  const { t } = useTranslation();
  return (
    <Drawer opened={opened} onClose={close} position="right" size={380} title={t("members.title")} closeButtonProps={{ "aria-label": t("do.close") }} overlayProps={{ backgroundOpacity: 0.25 }}>
      {opened && <Members room={room} />}
    </Drawer>
  );
}

function Members({ room }: { room: Room }) {
  const { t } = useTranslation();
  const say = useProblem();
  const me = useApp((state) => state.me!.id);
  const people = useApp((state) => state.people);
  const groupId = room.group.id;
  const { members, error, hasNextPage, fetchNextPage, isFetchingNextPage } = useMembers(groupId);
  const rules = room.group.my_role === "owner" && !room.group.ended_at;
  const [words, setWords] = useState("");
  const [profile, setProfile] = useState<Member | null>(null);
  const [sure, setSure] = useState<{ member: Member; role: "owner" | null } | null>(null);
  const change = useMutation({
    mutationFn: ({ user, role }: { user: string; role: Role | null }) =>
      access.request(role ? "PUT" : "DELETE", `/groups/${groupId}/members/${user}`, role ? { role } : undefined),
    onSettled: () => renew("members", groupId),
  });
  const problem = error ?? change.error;
  return (
    <>
      {rules && <Adder known={members} add={(user, kind) => change.mutate({ user, role: kind === "customer" ? "guest" : "staff" })} />}
      {members.length > FILTERED && <TextInput mb="sm" aria-label={t("members.filter")} placeholder={t("members.filter")} value={words} onChange={(event) => setWords(event.currentTarget.value)} leftSection={<IconSearch size={16} />} />}
      {problem && (
        <p className={css.problem} role="alert">
          {say(problem)}
        </p>
      )}
      <ul className={css.list}>
        {members
          .filter((one) => one.display_name.toLocaleLowerCase().includes(words.trim().toLocaleLowerCase()))
          .toSorted((a, b) => ROLES.indexOf(a.role) - ROLES.indexOf(b.role) || a.display_name.localeCompare(b.display_name))
          .map((member) => (
            <li key={member.user_id}>
              <button type="button" className={css.person} onClick={() => setProfile(member)}>
                <Avatar id={member.user_id} name={member.display_name} size={38} src={people[member.user_id]?.avatar_url} />
                <span className={css.name}>
                  {member.display_name}
                  {member.user_id === me && <small> ({t("members.you")})</small>}
                  {member.kind === "customer" && <small> · {t("members.customer")}</small>}
                </span>
              </button>
              <RoleTag role={member.role} />
              {rules && member.user_id !== me && (
                <Menu>
                  <Menu.Target>
                    <ActionIcon size={30} aria-label={`${t("room.menu")}: ${member.display_name}`}>
                      <IconDots size={17} />
                    </ActionIcon>
                  </Menu.Target>
                  <Menu.Dropdown>
                    {ROLES.slice(1).map((role) => (
                      <Menu.Item key={role} leftSection={<IconCheck size={16} visibility={role === member.role ? "visible" : "hidden"} />} onClick={() => change.mutate({ user: member.user_id, role })}>
                        {t(`role.${role}`)}
                      </Menu.Item>
                    ))}
                    <Menu.Divider />
                    {member.kind !== "customer" && (
                      <Menu.Item leftSection={<IconCrown size={16} />} onClick={() => setSure({ member, role: "owner" })}>
                        {t("members.hand_over")}
                      </Menu.Item>
                    )}
                    <Menu.Item color="red" leftSection={<IconUserMinus size={16} />} onClick={() => setSure({ member, role: null })}>
                      {t("members.remove")}
                    </Menu.Item>
                  </Menu.Dropdown>
                </Menu>
              )}
            </li>
          ))}
      </ul>
      {hasNextPage && (
        <Button fullWidth variant="subtle" loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>
          {t("members.more")}
        </Button>
      )}
      {profile && <ProfileDialog id={profile.user_id} role={profile.role} close={() => setProfile(null)} />}
      {sure && (
        <Sure
          title={t(sure.role ? "members.hand_over_sure" : "members.remove_sure", { name: sure.member.display_name })}
          text={t(sure.role ? "members.hand_over_text" : "members.remove_text")}
          does={t(sure.role ? "members.hand_over" : "members.remove")}
          act={() => change.mutateAsync({ user: sure.member.user_id, role: sure.role })}
          close={() => setSure(null)}
        />
      )}
    </>
  );
}

function Adder({ known, add }: { known: Member[]; add: (userId: string, kind: Person["kind"]) => void }) {
  const { t } = useTranslation();
  const [words, setWords] = useState("");
  const [asked] = useDebouncedValue(words.trim(), 250);
  const { data } = useQuery({ queryKey: ["users", asked], queryFn: () => get<Page<Person>>(`/users?limit=8&q=${encodeURIComponent(asked)}`), enabled: asked.length > 0 });
  const inside = new Set(known.map((m) => m.user_id));
  return (
    <div className={css.adder}>
      <TextInput aria-label={t("members.search")} placeholder={t("members.add")} value={words} onChange={(event) => setWords(event.currentTarget.value)} leftSection={<IconSearch size={16} />} />
      {asked && (
        <ul className={css.list}>
          {data?.items.map((person) => (
            <li key={person.id}>
              <Avatar id={person.id} name={person.display_name} size={34} src={person.avatar_url} />
              <span className={css.name}>
                {person.display_name}
                {person.kind === "customer" && <small> · {t("members.customer")}</small>}
              </span>
              {inside.has(person.id) ? (
                <small className={css.in}>{t("members.added")}</small>
              ) : (
                <ActionIcon variant="light" color="iris" size={32} aria-label={`${t("members.add")}: ${person.display_name}`} onClick={() => add(person.id, person.kind)}>
                  <IconPlus size={18} />
                </ActionIcon>
              )}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
