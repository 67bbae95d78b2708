import { Alert, Button, Checkbox, PasswordInput, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { signIn } from "../../session";
import { useProblem } from "../../ui/format";
import { Mark } from "../../ui/Mark";
import css from "./LoginScreen.module.css";

export function LoginScreen() {
  const { t } = useTranslation();
  const say = useProblem();
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<unknown>(null);

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    setBusy(true);
    setProblem(null);
    try {
      await signIn(String(form.get("username")).trim(), String(form.get("password")), form.has("remember"));
    } catch (error) {
      setProblem(error);
      setBusy(false);
    }
  }

  return (
    <main className={css.screen}>
      <form className={css.form} onSubmit={submit}>
        <header className={css.head}>
          <Mark size={52} />
          <h1>Bchat</h1>
          <p>{t("app.tagline")}</p>
        </header>
        <TextInput label={t("login.username")} name="username" size="md" autoComplete="username" autoCapitalize="none" spellCheck={false} required withAsterisk={false} maxLength={200} data-autofocus autoFocus />
        <PasswordInput label={t("login.password")} name="password" size="md" autoComplete="current-password" required withAsterisk={false} maxLength={1000} />
        <Checkbox label={t("login.keep")} name="remember" defaultChecked />
        <div role="alert">
          {problem !== null && (
            <Alert color="red" variant="light" radius="md" p="sm">
              {say(problem)}
            </Alert>
          )}
        </div>
        <Button type="submit" size="md" loading={busy} fullWidth>
          {t("login.submit")}
        </Button>
      </form>
    </main>
  );
}
