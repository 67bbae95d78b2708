import { Drawer, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconSearch } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Group } from "../../api/types";
import { Messages } from "./Messages";

/** Search in one room, beside its talk; on a phone it makes way for what was found. */
export default function SearchPanel({ group, close }: { group: Group; close: () => void }) {
  const { t } = useTranslation();
  const [words, setWords] = useState("");
  const [asked] = useDebouncedValue(words.trim(), 250);
  return (
    <Drawer opened onClose={close} position="right" size={380} title={t("search.in_room")} closeButtonProps={{ "aria-label": t("do.close") }} overlayProps={{ backgroundOpacity: 0.15 }}>
      <TextInput
        type="search"
        aria-label={t("search.in_room")}
        placeholder={t("search.words")}
        value={words}
        onChange={(event) => setWords(event.currentTarget.value)}
        leftSection={<IconSearch size={17} stroke={1.8} />}
        data-autofocus
        mb="sm"
      />
      {asked && <Messages query={asked} groupId={group.id} go={close} />}
    </Drawer>
  );
}
