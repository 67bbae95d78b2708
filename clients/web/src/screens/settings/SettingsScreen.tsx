import { Button, SegmentedControl, Select, Stack, TextInput, useMantineColorScheme } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { IconLogout } from "@tabler/icons-react";
import { type FormEvent, type ReactNode, useEffect, useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { useZone } from "../../ui/useZone";
import type { User } from "../../api/types";
import { LANGUAGES } from "../../i18n";
import { get } from "../../session";
import { happen, useApp } from "../../state/store";
import { Screen, Waiting } from "../../ui/Screen";
import { useLogOut } from "../account/useLogOut";
import { Alerts } from "./Alerts";
import { AvatarField } from "./AvatarField";
import { Kept } from "./Kept";
import { Password } from "./Password";
import { Pushing } from "./Pushing";
import { Sessions } from "./Sessions";
import css from "./settings.module.css";
import { useChange } from "./useChange";

/** What a person sets for themselves. Each thing is kept as it is changed; there is no button to forget. */
export default function SettingsScreen() {
  const { t } = useTranslation();
  // The sign-in tells who one is; the settings are asked for when they are to be seen.
  const mine = useQuery({ queryKey: ["me"], queryFn: () => get<User>("/me"), staleTime: 0 });
  const me = useApp((state) => state.me!);
  const { logOut, asking } = useLogOut();
  useEffect(() => {
    if (mine.data) happen({ type: "me", user: mine.data });
  }, [mine.data]);
  return (
    <Screen title={t("account.settings")}>
      <Waiting query={mine} has={Boolean(me.settings)} />
      {me.settings && (
        <div className={css.settings}>
          <Profile me={me} />
          <Section title={t("settings.alerts")}>
            <Pushing me={me.id} />
            <Alerts settings={me.settings} />
          </Section>
          <Place />
          <Section title={t("settings.security")}>
            <Password />
            <Sessions />
          </Section>
          <Section title={t("kept.title")}>
            <Kept person={me.id} name={me.username ?? me.id} mine />
          </Section>
          <Button variant="default" leftSection={<IconLogout size={18} />} onClick={logOut}>
            {t("account.logout")}
          </Button>
          {asking}
        </div>
      )}
    </Screen>
  );
}

export function Section({ title, children }: { title: string; children: ReactNode }) {
  const id = useId();
  return (
    <section className={css.section} aria-labelledby={id}>
      <h3 id={id}>{title}</h3>
      <div className={css.card}>{children}</div>
    </section>
  );
}

function Profile({ me }: { me: User }) {
  const { t } = useTranslation();
  const [name, setName] = useState(me.display_name);
  const { save, busy, words } = useChange();
  const changed = name.trim() !== "" && name.trim() !== me.display_name;
  function submit(event: FormEvent) {
    event.preventDefault();
    save({ display_name: name.trim() });
  }
  return (
    <Section title={t("settings.profile")}>
      <AvatarField />
      <form onSubmit={submit} className={css.name}>
        <TextInput label={t("account.display_name")} value={name} onChange={(event) => setName(event.currentTarget.value)} required withAsterisk={false} maxLength={100} autoComplete="name" />
        <Button type="submit" variant="light" loading={busy} disabled={!changed}>
          {t("account.save")}
        </Button>
      </form>
      <p className={css.dim}>
        {t("settings.signed_in_as", { name: me.username })} · {t(`settings.kind_${me.kind}`)}
      </p>
      {words}
    </Section>
  );
}

/** Language, time zone and colours: how this person reads. */
function Place() {
  const { t, i18n } = useTranslation();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const { save, words } = useChange();
  const zone = useZone();
  return (
    <Section title={t("settings.place")}>
      <Stack>
        <Select label={t("account.language")} data={Object.entries(LANGUAGES).map(([value, label]) => ({ value, label }))} value={i18n.language} onChange={(locale) => locale && save({ locale })} allowDeselect={false} />
        <Select label={t("account.timezone")} data={zones(zone)} value={zone} onChange={(timezone) => timezone && save({ timezone })} searchable allowDeselect={false} limit={100} nothingFoundMessage={t("settings.no_zone")} />
        <div>
          <p className={css.label}>{t("account.scheme")}</p>
          <SegmentedControl
            fullWidth
            aria-label={t("account.scheme")}
            value={colorScheme}
            onChange={(value) => setColorScheme(value as typeof colorScheme)}
            data={(["auto", "light", "dark"] as const).map((value) => ({ value, label: t(`account.${value}`) }))}
          />
        </div>
        {words}
      </Stack>
    </Section>
  );
}

function zones(current: string): string[] {
  return [...new Set(["UTC", current, ...Intl.supportedValuesOf("timeZone")])];
}
