import { ActionIcon, Menu } from "@mantine/core";
import { IconBroadcast, IconCamera, IconChartHistogram, IconMapPin, IconPaperclip, IconPhoto, IconPlus } from "@tabler/icons-react";
import { useRef } from "react";
import { useTranslation } from "react-i18next";

/** What can be brought into the room beside words. */
export function AddMenu({ add, position, share, ask }: { add: (files: File[]) => void; position: () => void; share: () => void; ask: () => void }) {
  const { t } = useTranslation();
  const photo = useRef<HTMLInputElement>(null);
  const camera = useRef<HTMLInputElement>(null);
  const file = useRef<HTMLInputElement>(null);
  const take = (event: React.ChangeEvent<HTMLInputElement>) => {
    add([...(event.currentTarget.files ?? [])]);
    event.currentTarget.value = ""; // so that the same file can be chosen again
  };
  return (
    <>
      <input ref={photo} type="file" accept="image/*" multiple hidden aria-label={t("attach.photo")} onChange={take} />
      <input ref={camera} type="file" accept="image/*" capture="environment" hidden aria-label={t("attach.camera")} onChange={take} />
      <input ref={file} type="file" multiple hidden aria-label={t("attach.file")} onChange={take} />
      <Menu position="top-start">
        <Menu.Target>
          <ActionIcon aria-label={t("attach.menu")} size={40} radius="xl">
            <IconPlus size={22} stroke={1.8} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item leftSection={<IconPhoto size={18} />} onClick={() => photo.current?.click()}>
            {t("attach.photo")}
          </Menu.Item>
          {matchMedia("(pointer: coarse)").matches && (
            <Menu.Item leftSection={<IconCamera size={18} />} onClick={() => camera.current?.click()}>
              {t("attach.camera")}
            </Menu.Item>
          )}
          <Menu.Item leftSection={<IconPaperclip size={18} />} onClick={() => file.current?.click()}>
            {t("attach.file")}
          </Menu.Item>
          {"geolocation" in navigator && (
            <>
              <Menu.Item leftSection={<IconMapPin size={18} />} onClick={position}>
                {t("position.share")}
              </Menu.Item>
              <Menu.Item leftSection={<IconBroadcast size={18} />} onClick={share}>
                {t("map.share_live")}
              </Menu.Item>
            </>
          )}
          <Menu.Item leftSection={<IconChartHistogram size={18} />} onClick={ask}>
            {t("room.ask")}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
    </>
  );
}
