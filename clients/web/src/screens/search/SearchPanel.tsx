import { Button, Drawer, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconSearch } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useLocation } from "wouter";
import type { Group } from "../../api/types";
import { seqAt } from "../../session";
import { useProblem } from "../../ui/format";
import { useZone } from "../../ui/useZone";
import { instantOf, localOf } from "../../ui/zone";
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
      {asked ? <Messages query={asked} groupId={group.id} go={close} /> : <Day group={group} close={close} />}
    </Drawer>
  );
}

/** Leads to what was said first on a day, or after it. */
function Day({ group, close }: { group: Group; close: () => void }) {
  const { t } = useTranslation();
  const say = useProblem();
  const zone = useZone();
  const [, go] = useLocation();
  const [day, setDay] = useState("");
  const [wait, setWait] = useState(false);
  const [problem, setProblem] = useState<string>();
  const lead = async () => {
    setWait(true);
    setProblem(undefined);
    try {
      go(`/g/${group.id}?at=${await seqAt(group.id, new Date(instantOf(`${day}T00:00`, zone)))}`);
      close();
    } catch (refused) {
      setProblem(say(refused));
      setWait(false);
    }
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void lead();
      }}
    >
      <TextInput
        type="date"
        label={t("search.day")}
        value={day}
        max={localOf(new Date().toISOString(), zone).slice(0, 10)}
        onChange={(event) => setDay(event.currentTarget.value)}
        error={problem}
        required
        withAsterisk={false}
        rightSectionWidth={84}
        rightSection={
          <Button type="submit" size="compact-sm" variant="light" loading={wait} disabled={!day}>
            {t("search.go")}
          </Button>
        }
      />
    </form>
  );
}
