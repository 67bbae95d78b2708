import { Menu } from "@mantine/core";
import { IconBell, IconBellOff, IconBellZ } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { isMuted } from "../../alerts/alert";
import { tell } from "../../alerts/tell";
import type { Group } from "../../api/types";
import { mute } from "../../session";
import { useFormat, useProblem } from "../../ui/format";

const HOURS = [1, 8] as const;

/** Has no alerts of a room, for a while or for good; or has them again. */
export function MuteItem({ group }: { group: Group }) {
  const { t } = useTranslation();
  const format = useFormat();
  const say = useProblem();
  function put(until: string | null | undefined) {
    mute(group.id, until).catch((problem: unknown) => tell({ id: `mute ${group.id}`, title: group.name, message: say(problem), color: "red" }));
  }
  if (isMuted(group, Date.now()))
    return (
      <Menu.Item leftSection={<IconBell size={17} />} onClick={() => put(undefined)}>
        {group.muted_until ? t("room.unmute_until", { when: format.moment(group.muted_until) }) : t("room.unmute")}
      </Menu.Item>
    );
  return (
    <>
      {HOURS.map((hours) => (
        <Menu.Item key={hours} leftSection={<IconBellZ size={17} />} onClick={() => put(new Date(Date.now() + hours * 3_600_000).toISOString())}>
          {t("room.mute_hours", { count: hours })}
        </Menu.Item>
      ))}
      <Menu.Item leftSection={<IconBellOff size={17} />} onClick={() => put(null)}>
        {t("room.mute")}
      </Menu.Item>
    </>
  );
}
