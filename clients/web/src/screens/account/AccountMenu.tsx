import { Menu, UnstyledButton } from "@mantine/core";
import { IconLogout, IconSettings, IconUsersGroup } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";
import { useApp } from "../../state/store";
import { Avatar } from "../../ui/Avatar";
import { useLogOut } from "./useLogOut";

export function AccountMenu() {
  const { t } = useTranslation();
  const me = useApp((state) => state.me!);
  const { logOut, asking } = useLogOut();
  return (
    <>
      <Menu>
        <Menu.Target>
          <UnstyledButton aria-label={`${t("account.menu")}: ${me.display_name || me.username}`} ml={6} style={{ borderRadius: "50%", lineHeight: 0 }}>
            <Avatar id={me.id} name={me.display_name || me.username || "?"} size={36} src={me.avatar_url} />
          </UnstyledButton>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Label>{me.display_name || me.username}</Menu.Label>
          <Menu.Item leftSection={<IconSettings size={17} />} component={Link} href="/settings">
            {t("account.settings")}
          </Menu.Item>
          {me.permissions.includes("administrator") && (
            <Menu.Item component={Link} href="/admin" leftSection={<IconUsersGroup size={17} />}>
              {t("admin.title")}
            </Menu.Item>
          )}
          <Menu.Item leftSection={<IconLogout size={17} />} onClick={logOut}>
            {t("account.logout")}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {asking}
    </>
  );
}
