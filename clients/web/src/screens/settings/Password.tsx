import { Button, Group as Row, PasswordInput, Stack, Text } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Problem } from "../../api/http";
import { renew } from "../../api/queries";
import { access } from "../../session";
import { useApp } from "../../state/store";
import { Dialog } from "../../ui/Dialog";
import { useProblem } from "../../ui/format";
import { Wrong } from "../../ui/Wrong";

export function Password() {
  const { t } = useTranslation();
  const [open, setOpen] = useState(false);
  const [done, setDone] = useState(false);
  return (
    <Row justify="space-between">
      <Text size="sm" role="status">
        {t(done ? "settings.password_changed" : "settings.password_text")}
      </Text>
      <Button variant="default" size="sm" onClick={() => setOpen(true)}>
        {t("settings.password")}
      </Button>
      {open && <Change close={() => setOpen(false)} done={() => setDone(true)} />}
    </Row>
  );
}

function Change({ close, done }: { close: () => void; done: () => void }) {
  const { t } = useTranslation();
  const say = useProblem();
  const username = useApp((state) => state.me?.username);
  const { mutate, isPending, error } = useMutation({
    mutationFn: (form: FormData) => access.request("POST", "/me/password", { old: form.get("old"), new: form.get("new") }),
    onSuccess: async () => {
      await renew("sessions");
      done();
      close();
    },
  });
  const code = error instanceof Problem ? error.code : null;
  const said = (one: string) => (code === one ? say(error) : undefined);
  return (
    <Dialog close={close} title={t("settings.password")}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          mutate(new FormData(event.currentTarget));
        }}
      >
        <Stack>
          <input type="text" name="username" autoComplete="username" defaultValue={username} hidden readOnly />
          <PasswordInput name="old" label={t("settings.password_old")} autoComplete="current-password" required withAsterisk={false} maxLength={1000} data-autofocus error={said("wrong_password")} />
          <PasswordInput name="new" label={t("settings.password_new")} description={t("settings.password_others")} autoComplete="new-password" required withAsterisk={false} maxLength={1000} error={said("invalid_password")} />
          {code !== "wrong_password" && code !== "invalid_password" && <Wrong problem={error} />}
          <Button type="submit" loading={isPending}>
            {t("settings.password")}
          </Button>
        </Stack>
      </form>
    </Dialog>
  );
}
