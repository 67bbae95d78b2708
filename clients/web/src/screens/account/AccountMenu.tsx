import { Menu, UnstyledButton } from "@mantine/core";
import { IconLogout, IconSettings, IconUsersGroup } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";
import { signOut } from "../../session";
import { useApp } from "../../state/store";
import { Avatar } from "../../ui/Avatar";

export function AccountMenu() {
  const { t } = useTranslation();
  const me = useApp((state) => state.me!);
  return (
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
          <Menu.Item leftSection={<IconLogout size={17} />} onClick={() => void signOut()}>
            {t("account.logout")}
          </Menu.Item>
        </Menu.Dropdown>
    </Menu>
  );
}
