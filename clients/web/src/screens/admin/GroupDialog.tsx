import { ActionIcon, Button, Divider, Group as Row, Select, Stack, Text } from "@mantine/core";
import { IconUserMinus } from "@tabler/icons-react";
import { useInfiniteQuery, useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Member, Page } from "../../api/types";
import { renew } from "../../api/queries";
import { access, get, make, uuid } from "../../session";
import { Avatar } from "../../ui/Avatar";
import { Dialog } from "../../ui/Dialog";
import { useFormat } from "../../ui/format";
import { RoleTag } from "../../ui/RoleTag";
import { More, Waiting } from "../../ui/Screen";
import { Sure } from "../../ui/Sure";
import { Wrong } from "../../ui/Wrong";
import css from "./admin.module.css";
import type { AnyGroup } from "./GroupsScreen";

/** What an administrator can do about a group: name an owner where none can act, take a member out, end it. */
export default function GroupDialog({ group, close }: { group: AnyGroup; close: () => void }) {
  const { t } = useTranslation();
  const format = useFormat();
  const [sure, setSure] = useState<"end" | Member | null>(null);
  const query = useInfiniteQuery({
    queryKey: ["members", group.id, "admin"],
    queryFn: ({ pageParam }) => get<Page<Member>>(`/admin/groups/${group.id}/members?limit=100${pageParam ? `&cursor=${pageParam}` : ""}`),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_cursor,
  });
  const members = query.data?.pages.flatMap((page) => page.items) ?? [];
  const heirs = members.filter((one) => one.kind !== "customer" && one.user_id !== group.owner_id);

  async function anew() {
    await renew("groups");
    await renew("members", group.id);
  }
  const own = useMutation({ mutationFn: (id: string) => access.request("PUT", `/admin/groups/${group.id}/owner`, { user_id: id }), onSuccess: anew });

  if (sure)
    return (
      <Sure
        title={sure === "end" ? t("room.end_sure", { name: group.name }) : t("admin.remove_sure", { name: sure.display_name, group: group.name })}
        text={t(sure === "end" ? "room.end_text" : "admin.remove_text")}
        does={t(sure === "end" ? "room.end" : "members.remove")}
        act={async () => {
          await (sure === "end" ? make(`/admin/groups/${group.id}/end`, {}, uuid()) : access.request("DELETE", `/admin/groups/${group.id}/members/${sure.user_id}`));
          await anew();
        }}
        close={() => setSure(null)}
      />
    );
  return (
    <Dialog close={close} title={group.name}>
      <Stack>
        <Text size="sm" c="dimmed">
          {[group.description, t(`catalogue.${group.catalogue}`), t(`create.${group.visibility}`), group.created_at && t("admin.since", { when: format.moment(group.created_at) })].filter(Boolean).join(" · ")}
        </Text>
        {!group.ended_at && !group.owner_active && (
          <Select
            label={t("admin.new_owner")}
            description={t("admin.new_owner_text")}
            placeholder={t("admin.choose_owner")}
            data={heirs.map((one) => ({ value: one.user_id, label: one.display_name }))}
            value={null}
            disabled={own.isPending}
            onChange={(id) => id && own.mutate(id)}
          />
        )}
        <Wrong problem={own.error} />
        <Divider label={t("room.members", { count: group.member_count ?? members.length })} />
        <Waiting query={query} has={Boolean(query.data)} />
        <ul className={css.members}>
          {members.map((member) => (
            <li key={member.user_id}>
              <Avatar id={member.user_id} name={member.display_name} size={32} />
              <span>{member.display_name}</span>
              <RoleTag role={member.role} />
              {!group.ended_at && member.user_id !== group.owner_id && (
                <ActionIcon aria-label={`${t("members.remove")}: ${member.display_name}`} onClick={() => setSure(member)}>
                  <IconUserMinus size={18} stroke={1.7} />
                </ActionIcon>
              )}
            </li>
          ))}
        </ul>
        <More query={query} />
        {!group.ended_at && (
          <Row justify="flex-end">
            <Button variant="subtle" color="red" size="sm" onClick={() => setSure("end")}>
              {t("room.end")}
            </Button>
          </Row>
        )}
      </Stack>
    </Dialog>
  );
}
