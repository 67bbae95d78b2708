import { ActionIcon, Button, CopyButton, Stack, Text, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { IconCheck, IconCopy } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { access, get, make, renew, uuid } from "../../session";
import { Dialog } from "../../ui/Dialog";
import { useFormat, useProblem } from "../../ui/format";

/** The address at which calendar applications read one's calendar. */
export default function FeedDialog({ close }: { close: () => void }) {
  const { t } = useTranslation();
  const say = useProblem();
  const format = useFormat();
  const [link, setLink] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<unknown>(null);
  const { data } = useQuery({ queryKey: ["feed"], queryFn: () => get<{ exists: boolean; made_at: string | null }>("/calendar/token"), staleTime: 0 });
  async function act(work: () => Promise<string | null>) {
    setBusy(true);
    setProblem(null);
    try {
      setLink(await work());
      await renew("feed");
    } catch (error) {
      setProblem(error);
    }
    setBusy(false);
  }
  const another = () => act(async () => (await make<{ url: string }>("/calendar/token", {}, uuid())).url);
  const revoke = () => act(() => access.request("DELETE", "/calendar/token").then(() => null));
  return (
    <Dialog close={close} title={t("calendar.feed")}>
      <Stack>
        <Text size="sm">{t(link ? "calendar.feed_made" : "calendar.feed_text")}</Text>
        {link ? (
          <TextInput
            readOnly
            aria-label={t("calendar.feed")}
            value={link}
            onFocus={(event) => event.currentTarget.select()}
            rightSection={
              <CopyButton value={link}>
                {({ copied, copy }) => (
                  <ActionIcon aria-label={t(copied ? "invite.copied" : "invite.copy")} onClick={copy}>
                    {copied ? <IconCheck size={18} /> : <IconCopy size={18} />}
                  </ActionIcon>
                )}
              </CopyButton>
            }
          />
        ) : (
          <Button loading={busy} onClick={() => void another()}>
            {t(data?.exists ? "calendar.feed_renew" : "calendar.feed_make")}
          </Button>
        )}
        {data?.exists && (
          <>
            <Text size="sm" c="dimmed">
              {t("calendar.feed_since", { when: format.moment(data.made_at!) })}
            </Text>
            <Button variant="default" disabled={busy} onClick={() => void revoke()}>
              {t("calendar.feed_revoke")}
            </Button>
          </>
        )}
        {problem !== null && (
          <Text size="sm" c="red" role="alert">
            {say(problem)}
          </Text>
        )}
      </Stack>
    </Dialog>
  );
}
