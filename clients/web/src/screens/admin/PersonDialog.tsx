import { Button, Divider, Group as Row, Radio, Stack, Text, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import { useApp } from "../../state/store";
import { Avatar } from "../../ui/Avatar";
import { Dialog } from "../../ui/Dialog";
import { useFormat } from "../../ui/format";
import { lazily } from "../../ui/lazily";
import { Sure } from "../../ui/Sure";
import { Wrong } from "../../ui/Wrong";
import { Kept } from "../settings/Kept";
import { Sessions } from "../settings/Sessions";
import { Handover } from "./Handover";
import { type Account, changePerson, type Changes, isErased, newPassword } from "./people";
import { Parties } from "./Parties";
import { PermissionFields } from "./PermissionFields";

const EraseDialog = lazily(() => import("./EraseDialog"));

type Step = "edit" | "off" | "password" | "handover" | "erase";

/** A person's account: name, kind, rights, password, and whether they may sign in. */
export default function PersonDialog({ person, close }: { person: Account; close: () => void }) {
  const { t } = useTranslation();
  const format = useFormat();
  const me = useApp((state) => state.me!.id);
  const name = person.display_name || person.username;
  const [display, setDisplay] = useState(person.display_name);
  const [kind, setKind] = useState(person.kind);
  const [permissions, setPermissions] = useState(person.permissions);
  const [password] = useState(newPassword);
  const [step, setStep] = useState<Step>("edit");
  const change = useMutation({ mutationFn: (changes: Changes) => changePerson(person.id, changes) });

  if (step === "handover")
    return (
      <Dialog close={close} title={t("admin.new_password")}>
        <Handover username={person.username} password={password} close={close} />
      </Dialog>
    );
  if (step === "erase")
    return (
      <Suspense>
        <EraseDialog person={person} close={() => setStep("edit")} then={close} />
      </Suspense>
    );
  if (isErased(person))
    return (
      <Dialog close={close} title={name}>
        <Stack align="flex-start">
          <Text size="sm">{t("erase.erased")}</Text>
          <Button variant="subtle" color="red" size="sm" onClick={() => setStep("erase")}>
            {t("erase.again")}
          </Button>
        </Stack>
      </Dialog>
    );
  if (step !== "edit")
    return (
      <Sure
        title={t(`admin.${step}_sure`, { name })}
        text={t(`admin.${step}_text`)}
        does={t(`admin.${step}`)}
        act={() => changePerson(person.id, step === "off" ? { active: false } : { password })}
        then={() => setStep(step === "off" ? "edit" : "handover")}
        close={() => setStep("edit")}
      />
    );
  return (
    <Dialog close={close} title={name}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          change.mutate({ display_name: display.trim(), kind, permissions }, { onSuccess: close });
        }}
      >
        <Stack>
          <Row gap="md" wrap="nowrap">
            <Avatar id={person.id} name={name} src={person.avatar_url} size={52} />
            <Text size="sm" c="dimmed">
              {person.username}
              <br />
              {t("admin.since", { when: format.moment(person.created_at) })}
            </Text>
          </Row>
          {!person.active && (
            <Row justify="space-between" wrap="nowrap" role="note">
              <Text size="sm">{t("admin.inactive_text")}</Text>
              <Button size="xs" loading={change.isPending} onClick={() => change.mutate({ active: true })}>
                {t("admin.on")}
              </Button>
            </Row>
          )}
          <TextInput label={t("account.display_name")} value={display} onChange={(event) => setDisplay(event.currentTarget.value)} required withAsterisk={false} maxLength={100} />
          <Radio.Group label={t("admin.kind")} value={kind} onChange={(value) => setKind(value as typeof kind)}>
            <Row gap="lg" mt={6}>
              <Radio value="staff" label={t("admin.kind_staff")} />
              <Radio value="customer" label={t("admin.kind_customer")} />
            </Row>
          </Radio.Group>
          <PermissionFields kind={kind} value={permissions} change={setPermissions} />
          <Wrong problem={change.error} />
          <Button type="submit" loading={change.isPending}>
            {t("account.save")}
          </Button>
        </Stack>
      </form>
      <Divider my="md" />
      {person.kind === "customer" && (
        <>
          <Parties person={person.id} />
          <Divider my="md" />
        </>
      )}
      <Sessions person={person.id} />
      <Divider my="md" />
      <Kept person={person.id} name={person.username} mine={person.id === me} />
      <Divider my="md" />
      <Row gap="sm">
        <Button variant="default" size="sm" onClick={() => setStep("password")}>
          {t("admin.password")}
        </Button>
        {person.active && person.id !== me && (
          <Button variant="subtle" color="red" size="sm" onClick={() => setStep("off")}>
            {t("admin.off")}
          </Button>
        )}
        {person.id !== me && (
          <Button variant="subtle" color="red" size="sm" onClick={() => setStep("erase")}>
            {t("erase.menu")}
          </Button>
        )}
      </Row>
    </Dialog>
  );
}
