import { Button, CopyButton, Stack, Text, TextInput } from "@mantine/core";
import { useTranslation } from "react-i18next";

/** A password that is shown once, to be given to its person. */
export function Handover({ username, password, close }: { username: string; password: string; close: () => void }) {
  const { t } = useTranslation();
  return (
    <Stack>
      <Text size="sm">{t("admin.handover")}</Text>
      <TextInput label={t("login.username")} value={username} readOnly />
      <TextInput label={t("login.password")} value={password} readOnly ff="monospace" data-autofocus onFocus={(event) => event.currentTarget.select()} />
      <CopyButton value={`${location.origin}\n${username}\n${password}`}>
        {({ copied, copy }) => (
          <Button variant="light" onClick={copy}>
            {t(copied ? "invite.copied" : "admin.copy")}
          </Button>
        )}
      </CopyButton>
      <Button onClick={close}>{t("do.done")}</Button>
    </Stack>
  );
}
