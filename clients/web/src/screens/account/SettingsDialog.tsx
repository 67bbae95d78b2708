import { Button, Input, SegmentedControl, Select, Stack, Text, TextInput, useMantineColorScheme } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { LANGUAGES } from "../../i18n";
import type { Settings, User } from "../../api/types";
import { change, get, queries } from "../../session";
import { useApp } from "../../state/store";
import { Dialog } from "../../ui/Dialog";
import { useProblem } from "../../ui/format";
import { Alerts } from "./Alerts";
import { AvatarField } from "./AvatarField";

export default function SettingsDialog({ close }: { close: () => void }) {
  const { t, i18n } = useTranslation();
  const say = useProblem();
  const me = useApp((state) => state.me!);
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const [name, setName] = useState(me.display_name);
  const [language, setLanguage] = useState(i18n.language);
  const [zone, setZone] = useState(me.timezone || Intl.DateTimeFormat().resolvedOptions().timeZone);
  // The sign-in tells who one is; the settings are asked for when they are to be seen.
  const { data } = useQuery({ queryKey: ["me"], queryFn: () => get<User>("/me"), staleTime: 0 });
  const [alerts, setAlerts] = useState<Settings | null>(null);
  const settings = alerts ?? data?.settings ?? null;
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<unknown>(null);

  async function save(event: FormEvent) {
    event.preventDefault();
    setBusy(true);
    try {
      await change({ display_name: name.trim(), locale: language, timezone: zone, ...(alerts ? { settings: alerts } : {}) });
      await queries.invalidateQueries({ queryKey: ["me"] });
      close();
    } catch (error) {
      setProblem(error);
      setBusy(false);
    }
  }

  return (
    <Dialog close={close} title={t("account.title")}>
      <form onSubmit={save}>
        <Stack>
          <AvatarField />
          <TextInput label={t("account.display_name")} value={name} onChange={(event) => setName(event.currentTarget.value)} required withAsterisk={false} maxLength={100} data-autofocus />
          <Select label={t("account.language")} data={Object.entries(LANGUAGES).map(([value, label]) => ({ value, label }))} value={language} onChange={(value) => value && setLanguage(value)} allowDeselect={false} />
          <Select label={t("account.timezone")} data={zones(zone)} value={zone} onChange={(value) => value && setZone(value)} searchable allowDeselect={false} limit={100} />
          <Input.Wrapper label={t("account.scheme")} labelElement="div">
            <SegmentedControl
              fullWidth
              mt={4}
              value={colorScheme}
              onChange={(value) => setColorScheme(value as typeof colorScheme)}
              data={(["auto", "light", "dark"] as const).map((value) => ({ value, label: t(`account.${value}`) }))}
            />
          </Input.Wrapper>
          {settings && <Alerts settings={settings} change={setAlerts} />}
          {problem !== null && (
            <Text size="sm" c="red" role="alert">
              {say(problem)}
            </Text>
          )}
          <Button type="submit" loading={busy}>
            {t("account.save")}
          </Button>
        </Stack>
      </form>
    </Dialog>
  );
}

function zones(current: string): string[] {
  return [...new Set(["UTC", current, ...Intl.supportedValuesOf("timeZone")])];
}
