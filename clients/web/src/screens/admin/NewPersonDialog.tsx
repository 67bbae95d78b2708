import { Button, Radio, Stack, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Problem } from "../../api/http";
import { renew } from "../../api/queries";
import { make } from "../../session";
import { Dialog } from "../../ui/Dialog";
import { useKey } from "../../ui/useKey";
import { Wrong } from "../../ui/Wrong";
import { Handover } from "./Handover";
import { newPassword } from "./people";
import { PermissionFields } from "./PermissionFields";

export default function NewPersonDialog({ close }: { close: () => void }) {
  const { t } = useTranslation();
  const key = useKey();
  const [username, setUsername] = useState("");
  const [name, setName] = useState("");
  const [kind, setKind] = useState<"staff" | "customer">("staff");
  const [permissions, setPermissions] = useState<string[]>([]);
  const [password] = useState(newPassword);
  const { mutate, isPending, isSuccess, error } = useMutation({
    mutationFn: () => {
      const body = { username: username.trim(), password, display_name: name.trim() || null, kind, permissions };
      return make("/users", body, key(body));
    },
    onSuccess: () => void renew("people"),
  });
  const field = (place: string) => (error instanceof Problem ? error.errors.find(({ loc }) => loc.at(-1) === place)?.msg : undefined);

  if (isSuccess)
    return (
      <Dialog close={close} title={t("admin.made", { name: name.trim() || username.trim() })}>
        <Handover username={username.trim()} password={password} close={close} />
      </Dialog>
    );
  return (
    <Dialog close={close} title={t("admin.new")}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          mutate();
        }}
      >
        <Stack>
          <TextInput label={t("login.username")} value={username} onChange={(event) => setUsername(event.currentTarget.value)} required withAsterisk={false} minLength={3} maxLength={64} error={field("username")} autoComplete="off" autoCapitalize="off" spellCheck={false} data-autofocus />
          <TextInput label={t("account.display_name")} value={name} onChange={(event) => setName(event.currentTarget.value)} maxLength={100} error={field("display_name")} autoComplete="off" />
          <Radio.Group label={t("admin.kind")} value={kind} onChange={(value) => setKind(value as typeof kind)}>
            <Stack gap="xs" mt={6}>
              {(["staff", "customer"] as const).map((one) => (
                <Radio key={one} value={one} label={t(`admin.kind_${one}`)} description={t(`admin.kind_${one}_text`)} />
              ))}
            </Stack>
          </Radio.Group>
          <PermissionFields kind={kind} value={permissions} change={setPermissions} />
          {!field("username") && !field("display_name") && <Wrong problem={error} />}
          <Button type="submit" loading={isPending}>
            {t("admin.create")}
          </Button>
        </Stack>
      </form>
    </Dialog>
  );
}
