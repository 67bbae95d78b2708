import { Group as Row, Stack, Switch, TextInput } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { Settings } from "../../api/types";

const SWITCHES = ["message_alert", "message_sound", "new_user_alert"] as const;
const NIGHT = { start: "22:00", end: "07:00" };

/** What one wants to be alerted to, and when not. */
export function Alerts({ settings, change }: { settings: Settings; change: (settings: Settings) => void }) {
  const { t } = useTranslation();
  const quiet = settings.quiet_hours;
  return (
    <Stack gap="sm">
      {SWITCHES.map((name) => (
        <Switch key={name} label={t(`account.${name}`)} checked={settings[name]} onChange={(event) => change({ ...settings, [name]: event.currentTarget.checked })} />
      ))}
      <Switch label={t("account.quiet_hours")} checked={quiet !== null} onChange={(event) => change({ ...settings, quiet_hours: event.currentTarget.checked ? NIGHT : null })} />
      {quiet && (
        <Row grow>
          {(["start", "end"] as const).map((edge) => (
            <TextInput key={edge} type="time" required withAsterisk={false} label={t(`account.quiet_${edge}`)} value={quiet[edge]} onChange={(event) => change({ ...settings, quiet_hours: { ...quiet, [edge]: event.currentTarget.value } })} />
          ))}
        </Row>
      )}
    </Stack>
  );
}
