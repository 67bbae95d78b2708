import { ActionIcon, Menu, Tooltip } from "@mantine/core";
import { IconChartHistogram, IconChecklist, IconChevronLeft, IconDots, IconDoorExit, IconDownload, IconFlag, IconMap2, IconPencil, IconSearch, IconUserPlus, IconUsers } from "@tabler/icons-react";
import { Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useLocation } from "wouter";
import { tell } from "../../alerts/tell";
import { end, join, leave } from "../../session";
import type { Room } from "../../state/apply";
import { Avatar } from "../../ui/Avatar";
import { useFormat } from "../../ui/format";
import { Sure } from "../../ui/Sure";
import { lazily } from "../../ui/lazily";
import { MuteItem } from "./MuteItem";
import { Typing } from "./Typing";
import css from "./RoomScreen.module.css";

const SearchPanel = lazily(() => import("../search/SearchPanel"));
const EditDialog = lazily(() => import("../create/EditDialog"));
const ManageDialog = lazily(() => import("../create/ManageDialog"));
const ExportDialog = lazily(() => import("./ExportDialog"));
const InviteDialog = lazily(() => import("../invite/InviteDialog"));

export function RoomHeader({ room, showMembers, ask }: { room: Room; showMembers: () => void; ask: () => void }) {
  const { t } = useTranslation();
  const format = useFormat();
  const [, go] = useLocation();
  const [sure, setSure] = useState<"leave" | "end" | null>(null);
  const [dialog, setDialog] = useState<"search" | "invite" | "edit" | "manage" | "export" | null>(null);
  const close = () => setDialog(null);
  const { group } = room;
  function left() {
    go("/");
    // Into an invitation-only group only others can bring one back.
    if (group.visibility === "open") tell({ id: `left ${group.id}`, title: group.name, message: t("room.left"), undo: () => join(group.id).then(() => go(`/g/${group.id}`)) });
  }
  const leads = !group.ended_at && (group.my_role === "owner" || group.my_role === "coordinator");
  const late = group.target_end && !group.ended_at && new Date(group.target_end).getTime() < Date.now();
  const facts = [
    t(`catalogue.${group.catalogue}`) + (group.type ? ` · ${t(`report_type.${group.type}`)}` : ""),
    group.member_count ? t("room.members", { count: group.member_count }) : null,
  ].filter(Boolean);
  return (
    <header className={css.head}>
      <ActionIcon component={Link} href="/" className={css.back} aria-label={t("room.back")}>
        <IconChevronLeft size={24} />
      </ActionIcon>
      <Avatar id={group.id} name={group.name} size={40} catalogue={group.catalogue} />
      <div className={css.title}>
        <h2 dir="auto" title={group.description ?? undefined}>{group.name}</h2>
        <p>
          <Typing room={room}>
            {facts.join(" · ")}
            {group.target_end && (
              <span data-late={late || undefined}>
                {" · "}
                {t(late ? "room.overdue" : "room.due", { when: format.moment(group.target_end) })}
              </span>
            )}
          </Typing>
        </p>
      </div>
      {!group.ended_at && (
        <Tooltip label={t("room.ask")}>
          <ActionIcon aria-label={t("room.ask")} onClick={ask} className={css.wide}>
            <IconChartHistogram size={20} stroke={1.8} />
          </ActionIcon>
        </Tooltip>
      )}
      <Tooltip label={t("search.in_room")}>
        <ActionIcon aria-label={t("search.in_room")} onClick={() => setDialog("search")} className={css.wide}>
          <IconSearch size={20} stroke={1.8} />
        </ActionIcon>
      </Tooltip>
      <Tooltip label={t("room.members")}>
        <ActionIcon aria-label={t("members.title")} onClick={showMembers}>
          <IconUsers size={20} stroke={1.8} />
        </ActionIcon>
      </Tooltip>
      <Menu>
        <Menu.Target>
          <ActionIcon aria-label={t("room.menu")}>
            <IconDots size={20} stroke={1.8} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          {!group.ended_at && (
            <Menu.Item leftSection={<IconChartHistogram size={17} />} onClick={ask}>
              {t("room.ask")}
            </Menu.Item>
          )}
          <Menu.Item leftSection={<IconSearch size={17} />} onClick={() => setDialog("search")}>
            {t("search.in_room")}
          </Menu.Item>
          <Menu.Item leftSection={<IconUsers size={17} />} onClick={showMembers}>
            {t("members.title")}
          </Menu.Item>
          <Menu.Item component={Link} href={`/g/${group.id}/map`} leftSection={<IconMap2 size={17} />}>
            {t("map.title")}
          </Menu.Item>
          {leads && (
            <Menu.Item leftSection={<IconUserPlus size={17} />} onClick={() => setDialog("invite")}>
              {t("invite.menu")}
            </Menu.Item>
          )}
          {leads && group.catalogue === "task" && (
            <Menu.Item leftSection={<IconChecklist size={17} />} onClick={() => setDialog("manage")}>
              {t("group.manage")}
            </Menu.Item>
          )}
          {group.my_role === "owner" && (
            <>
              {!group.ended_at && (
                <Menu.Item leftSection={<IconPencil size={17} />} onClick={() => setDialog("edit")}>
                  {t("group.edit")}
                </Menu.Item>
              )}
              <Menu.Item leftSection={<IconDownload size={17} />} onClick={() => setDialog("export")}>
                {t("group.export")}
              </Menu.Item>
            </>
          )}
          <Menu.Divider />
          {!group.ended_at && (
            <>
              <MuteItem group={group} />
              <Menu.Divider />
            </>
          )}
          {!group.ended_at && (
            <Menu.Item leftSection={<IconDoorExit size={17} />} onClick={() => setSure("leave")}>
              {t("room.leave")}
            </Menu.Item>
          )}
          {group.my_role === "owner" && !group.ended_at && (
            <Menu.Item color="red" leftSection={<IconFlag size={17} />} onClick={() => setSure("end")}>
              {t("room.end")}
            </Menu.Item>
          )}
        </Menu.Dropdown>
      </Menu>
      <Suspense>
        {dialog === "search" && <SearchPanel group={group} close={close} />}
        {dialog === "invite" && <InviteDialog group={group} close={close} />}
        {dialog === "edit" && <EditDialog group={group} manage={() => setDialog("manage")} close={close} />}
        {dialog === "manage" && <ManageDialog group={group} close={close} />}
        {dialog === "export" && <ExportDialog group={group} close={close} />}
      </Suspense>
      {sure && (
        <Sure
          title={t(`room.${sure}_sure`, { name: group.name })}
          text={t(`room.${sure}_text`)}
          does={t(`room.${sure}`)}
          act={() => (sure === "leave" ? leave : end)(group.id)}
          then={() => {
            setSure(null);
            if (sure === "leave") left();
          }}
          close={() => setSure(null)}
        />
      )}
    </header>
  );
}
