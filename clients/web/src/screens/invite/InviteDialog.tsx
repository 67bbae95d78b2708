import { ActionIcon, Button, CopyButton, NumberInput, Select, Stack, Text, TextInput } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { IconCheck, IconCopy, IconShare2, IconTrash } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Group, Page, Role } from "../../api/types";
import { renew } from "../../api/queries";
import { access, get, make } from "../../session";
import { Dialog } from "../../ui/Dialog";
import { useFormat } from "../../ui/format";
import { useKey } from "../../ui/useKey";
import { Wrong } from "../../ui/Wrong";
import { QrCode } from "./QrCode";
import css from "./invite.module.css";

interface Invite {
  id: string;
  role: Role;
  expires_at: string;
  max_uses: number;
  uses: number;
}

const DAYS = [1, 7, 30];

/** A link that brings somebody into the group: colleagues, or customers who get an account by it. */
export default function InviteDialog({ group, close }: { group: Group; close: () => void }) {
  const { t } = useTranslation();
  const format = useFormat();
  const key = useKey();
  const roles: Role[] = group.my_role === "owner" ? ["guest", "staff", "coordinator"] : ["guest", "staff"];
  const [role, setRole] = useState<Role>("guest");
  const [days, setDays] = useState("7");
  const [uses, setUses] = useState<number | string>(1);
  const [link, setLink] = useState<string | null>(null);
  const open = useQuery({ queryKey: ["invites", group.id], queryFn: () => get<Page<Invite>>(`/groups/${group.id}/invites?limit=50`) });

  const [made, setMade] = useState(0);
  const ask = useMutation({
    mutationFn: () => {
      const asked = { role, expires_in_hours: Number(days) * 24, max_uses: Number(uses) || 1 };
      return make<{ url: string }>(`/groups/${group.id}/invites`, asked, key(asked, made)); // another is not the last one again
    },
    onSuccess: ({ url }) => {
      setLink(url);
      setMade(made + 1);
      void renew("invites", group.id);
    },
  });
  const revoke = useMutation({
    mutationFn: (invite: Invite) => access.request("DELETE", `/groups/${group.id}/invites/${invite.id}`),
    onSettled: () => renew("invites", group.id),
  });

  return (
    <Dialog close={close} title={t("invite.title", { name: group.name })}>
      <Stack>
        {link ? (
          <>
            <Text size="sm">{t("invite.made")}</Text>
            <QrCode text={link} label={t("invite.qr")} />
            <TextInput
              readOnly
              aria-label={t("invite.link")}
              value={link}
              onFocus={(event) => event.currentTarget.select()}
              rightSection={
                <CopyButton value={link}>
                  {({ copied, copy }) => (
                    <ActionIcon aria-label={t(copied ? "invite.copied" : "invite.copy")} onClick={copy}>
                      {copied ? <IconCheck size={18} /> : <IconCopy size={18} />}
                    </ActionIcon>
                  )}
                </CopyButton>
              }
            />
            {"share" in navigator && (
              <Button leftSection={<IconShare2 size={18} />} onClick={() => void navigator.share({ title: t("invite.title", { name: group.name }), url: link }).catch(() => {}) /* not shared after all */}>
                {t("invite.share")}
              </Button>
            )}
            <Button variant="default" onClick={() => setLink(null)}>
              {t("invite.another")}
            </Button>
          </>
        ) : (
          <form
            onSubmit={(event) => {
              event.preventDefault();
              ask.mutate();
            }}
          >
            <Stack>
              <Text size="sm" c="dimmed">
                {t("invite.text")}
              </Text>
              <Select label={t("invite.role")} data={roles.map((value) => ({ value, label: t(`role.${value}`) }))} value={role} onChange={(value) => value && setRole(value as Role)} allowDeselect={false} />
              <Select label={t("invite.days")} data={DAYS.map((count) => ({ value: String(count), label: t("invite.days_of", { count }) }))} value={days} onChange={(value) => value && setDays(value)} allowDeselect={false} />
              <NumberInput label={t("invite.uses")} min={1} max={1000} value={uses} onChange={setUses} allowDecimal={false} />
              <Button type="submit" loading={ask.isPending}>
                {t("invite.make")}
              </Button>
            </Stack>
          </form>
        )}
        <Wrong problem={ask.error ?? revoke.error} />
        {open.data && open.data.items.length > 0 && (
          <ul className={css.open} aria-label={t("invite.open")}>
            {open.data.items.map((invite) => (
              <li key={invite.id}>
                <span>
                  {t(`role.${invite.role}`)} · {t("invite.used", { uses: invite.uses, of: invite.max_uses })}
                  <small>{t("invite.until", { when: format.moment(invite.expires_at) })}</small>
                </span>
                <ActionIcon aria-label={t("invite.revoke")} onClick={() => revoke.mutate(invite)}>
                  <IconTrash size={18} />
                </ActionIcon>
              </li>
            ))}
          </ul>
        )}
      </Stack>
    </Dialog>
  );
}
