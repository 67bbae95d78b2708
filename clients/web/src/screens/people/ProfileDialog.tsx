import { Button, Stack, Text } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { IconMessageCircle } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { useLocation } from "wouter";
import type { Person, Role } from "../../api/types";
import { get } from "../../session";
import { useApp } from "../../state/store";
import { Avatar } from "../../ui/Avatar";
import { Dialog } from "../../ui/Dialog";
import { useProblem } from "../../ui/format";
import { RoleTag } from "../../ui/RoleTag";
import { Waiting } from "../../ui/Screen";
import { talkTo } from "./talkTo";
import css from "./people.module.css";

/** Who somebody is, and the way to talk with them alone. */
export function ProfileDialog({ id, role, close }: { id: string; role?: Role; close: () => void }) {
  const { t } = useTranslation();
  const say = useProblem();
  const [, go] = useLocation();
  const me = useApp((state) => state.me!);
  const query = useQuery({ queryKey: ["users", "one", id], queryFn: () => get<Person>(`/users/${id}`) });
  const talk = useMutation({
    mutationFn: (person: Person) => talkTo(me, person),
    onSuccess: (groupId) => {
      close();
      go(`/g/${groupId}`);
    },
  });
  const person = query.data;
  return (
    <Dialog close={close} title={t("people.profile")}>
      <Waiting query={query} has={Boolean(person)} />
      {person && (
        <Stack align="center" gap="xs">
          <Avatar id={person.id} name={person.display_name} size={112} src={person.avatar_url} />
          <h3 className={css.name}>{person.display_name}</h3>
          <Text size="sm" c="dimmed">
            {person.username} · {t(`settings.kind_${person.kind}`)}
          </Text>
          {role && <RoleTag role={role} />}
          {person.id !== me.id && me.kind === "staff" && (
            <Button mt="sm" leftSection={<IconMessageCircle size={18} />} loading={talk.isPending} onClick={() => talk.mutate(person)}>
              {t("people.talk")}
            </Button>
          )}
          {talk.error && (
            <Text size="sm" c="red" role="alert">
              {say(talk.error)}
            </Text>
          )}
        </Stack>
      )}
    </Dialog>
  );
}
