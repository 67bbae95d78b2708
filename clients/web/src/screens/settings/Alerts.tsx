import { Button, Group as Row, Stack, Switch, TextInput } from "@mantine/core";
import { IconVolume } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { chime } from "../../alerts/chime";
import type { Settings } from "../../api/types";
import { useChange } from "./useChange";

const SWITCHES = ["message_alert", "message_sound", "new_user_alert"] as const;
const NIGHT = { start: "22:00", end: "07:00" };

/** What one wants to be alerted to, and when not. */
export function Alerts({ settings }: { settings: Settings }) {
  const { t } = useTranslation();
  const { save, words } = useChange();
  // What has just been set is shown at once, and what is kept as soon as it is kept.
  const [set, setSet] = useState<Partial<Settings>>({});
  const now = { ...settings, ...set };
  function put(changes: Partial<Settings>) {
    setSet({ ...set, ...changes });
    save({ settings: changes });
  }
  const quiet = now.quiet_hours;
  return (
    <Stack gap="md">
      {SWITCHES.map((name) => (
        <Switch
          key={name}
          label={t(`account.${name}`)}
          description={t(`settings.${name}`)}
          disabled={name === "message_sound" && !now.message_alert}
          checked={now[name]}
          onChange={(event) => put({ [name]: event.currentTarget.checked })}
        />
      ))}
      <Button size="compact-sm" variant="subtle" w="fit-content" leftSection={<IconVolume size={17} />} disabled={!now.message_sound || !now.message_alert} onClick={chime}>
        {t("settings.try_sound")}
      </Button>
      <Switch label={t("account.quiet_hours")} description={t("settings.quiet_hours")} checked={quiet !== null} onChange={(event) => put({ quiet_hours: event.currentTarget.checked ? NIGHT : null })} />
      {quiet && (
        <Row grow>
          {(["start", "end"] as const).map((edge) => (
            <TextInput
              key={edge}
              type="time"
              label={t(`account.quiet_${edge}`)}
              defaultValue={quiet[edge]}
              onBlur={({ currentTarget: { value } }) => /^\d\d:\d\d$/.test(value) && value !== quiet[edge] && put({ quiet_hours: { ...quiet, [edge]: value } })}
            />
          ))}
        </Row>
      )}
      <Switch label={t("settings.push_private")} description={t("settings.push_private_text")} checked={now.push_content === "private"} onChange={(event) => put({ push_content: event.currentTarget.checked ? "private" : "full" })} />
      {words}
    </Stack>
  );
}
