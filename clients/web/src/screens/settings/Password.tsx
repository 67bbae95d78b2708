import { Button, Group as Row, PasswordInput, Stack, Text } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { Problem } from "../../api/http";
import { access, queries } from "../../session";
import { useApp } from "../../state/store";
import { Dialog } from "../../ui/Dialog";
import { useProblem } from "../../ui/format";

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
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<unknown>(null);
  const code = problem instanceof Problem ? problem.code : null;
  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    setBusy(true);
    setProblem(null);
    try {
      await access.request("POST", "/me/password", { old: form.get("old"), new: form.get("new") });
      await queries.invalidateQueries({ queryKey: ["sessions"] });
      done();
      close();
    } catch (error) {
      setProblem(error);
      setBusy(false);
    }
  }
  return (
    <Dialog close={close} title={t("settings.password")}>
      <form onSubmit={submit}>
        <Stack>
          <input type="text" name="username" autoComplete="username" defaultValue={username} hidden readOnly />
          <PasswordInput name="old" label={t("settings.password_old")} autoComplete="current-password" required withAsterisk={false} maxLength={1000} data-autofocus error={code === "wrong_password" ? say(problem) : undefined} />
          <PasswordInput name="new" label={t("settings.password_new")} description={t("settings.password_others")} autoComplete="new-password" required withAsterisk={false} maxLength={1000} error={code === "invalid_password" ? say(problem) : undefined} />
          {problem !== null && code !== "wrong_password" && code !== "invalid_password" && (
            <Text size="sm" c="red" role="alert">
              {say(problem)}
            </Text>
          )}
          <Button type="submit" loading={busy}>
            {t("settings.password")}
          </Button>
        </Stack>
      </form>
    </Dialog>
  );
}
