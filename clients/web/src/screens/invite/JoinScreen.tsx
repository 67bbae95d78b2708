import { Alert, Button, Loader, PasswordInput, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { useLocation } from "wouter";
import { send } from "../../api/http";
import type { Group } from "../../api/types";
import { make, signIn, uuid } from "../../session";
import { useApp } from "../../state/store";
import { useProblem } from "../../ui/format";
import { Mark } from "../../ui/Mark";
import { useKey } from "../../ui/useKey";
import login from "../login/LoginScreen.module.css";
import { LoginScreen } from "../login/LoginScreen";
import css from "./invite.module.css";

interface Invitation {
  group_name: string;
}

/** Where an invitation link leads. The token stands behind the #, where no server and no log sees it. */
export default function JoinScreen() {
  const { t } = useTranslation();
  const say = useProblem();
  const [, go] = useLocation();
  const me = useApp((state) => state.me);
  const [token] = useState(() => location.hash.slice(1));
  const key = useKey();
  const [known, setKnown] = useState(false);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<unknown>(null);
  const invitation = useQuery({ queryKey: ["invitation", token], queryFn: () => send<Invitation>("GET", `/invites/${encodeURIComponent(token)}`), retry: false });

  async function accept(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const text = (name: string) => String(form.get(name) ?? "").trim();
    setBusy(true);
    setProblem(null);
    try {
      const path = `/invites/${encodeURIComponent(token)}/accept`;
      if (me) {
        const { group } = await make<{ group: Group }>(path, {}, uuid());
        return go(`/g/${group.id}`);
      }
      const account = { username: text("username"), password: String(form.get("password")), display_name: text("display_name") || null };
      const { group } = await send<{ group: Group }>("POST", path, account, { "Idempotency-Key": key(account) });
      await signIn(account.username, account.password, true);
      go(`/g/${group.id}`);
    } catch (error) {
      setProblem(error);
      setBusy(false);
    }
  }

  if (known && !me) return <LoginScreen />;
  if (invitation.isPending) return <Loader style={{ margin: "auto" }} type="dots" />;
  return (
    <main className={login.screen}>
      <form className={login.form} onSubmit={accept}>
        <header className={login.head}>
          <Mark size={52} />
          <h1>{invitation.data?.group_name ?? "Bchat"}</h1>
          <p>{invitation.data ? t("invite.invited") : say(invitation.error)}</p>
        </header>
        {invitation.data && !me && (
          <>
            <TextInput label={t("account.display_name")} name="display_name" size="md" autoComplete="name" maxLength={100} autoFocus />
            <TextInput label={t("login.username")} name="username" size="md" autoComplete="username" autoCapitalize="none" spellCheck={false} required withAsterisk={false} maxLength={200} />
            <PasswordInput label={t("login.password")} name="password" size="md" autoComplete="new-password" required withAsterisk={false} maxLength={1000} />
          </>
        )}
        <div role="alert">
          {problem !== null && (
            <Alert color="red" variant="light" radius="md" p="sm">
              {say(problem)}
            </Alert>
          )}
        </div>
        {invitation.data ? (
          <>
            <Button type="submit" size="md" loading={busy} fullWidth>
              {t("room.join")}
            </Button>
            {!me && (
              <p className={css.small}>
                <button type="button" onClick={() => setKnown(true)}>
                  {t("invite.have_account")}
                </button>
              </p>
            )}
          </>
        ) : (
          <Button size="md" fullWidth onClick={() => go("/")}>
            {t("invite.home")}
          </Button>
        )}
      </form>
    </main>
  );
}
