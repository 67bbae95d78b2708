import { Button, Radio, Stack, Text, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { Problem } from "../../api/http";
import { make, queries } from "../../session";
import { Dialog } from "../../ui/Dialog";
import { useProblem } from "../../ui/format";
import { useKey } from "../../ui/useKey";
import { Handover } from "./Handover";
import { newPassword } from "./people";
import { PermissionFields } from "./PermissionFields";

export default function NewPersonDialog({ close }: { close: () => void }) {
  const { t } = useTranslation();
  const say = useProblem();
  const key = useKey();
  const [username, setUsername] = useState("");
  const [name, setName] = useState("");
  const [kind, setKind] = useState<"staff" | "customer">("staff");
  const [permissions, setPermissions] = useState<string[]>([]);
  const [password] = useState(newPassword);
  const [made, setMade] = useState(false);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<unknown>(null);
  const field = (place: string) => (problem instanceof Problem ? problem.errors.find(({ loc }) => loc.at(-1) === place)?.msg : undefined);

  async function submit(event: FormEvent) {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    try {
      const body = { username: username.trim(), password, display_name: name.trim() || null, kind, permissions };
      await make("/users", body, key(body));
      void queries.invalidateQueries({ queryKey: ["people"] });
      setMade(true);
    } catch (error) {
      setProblem(error);
    }
    setBusy(false);
  }

  if (made)
    return (
      <Dialog close={close} title={t("admin.made", { name: name.trim() || username.trim() })}>
        <Handover username={username.trim()} password={password} close={close} />
      </Dialog>
    );
  return (
    <Dialog close={close} title={t("admin.new")}>
      <form onSubmit={submit}>
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
          {problem !== null && !field("username") && !field("display_name") && (
            <Text size="sm" c="red" role="alert">
              {say(problem)}
            </Text>
          )}
          <Button type="submit" loading={busy}>
            {t("admin.create")}
          </Button>
        </Stack>
      </form>
    </Dialog>
  );
}
