import { ActionIcon, Button, CopyButton, Stack, Text, TextInput } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { IconCheck, IconCopy } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { renew } from "../../api/queries";
import { access, get, make, uuid } from "../../session";
import { Dialog } from "../../ui/Dialog";
import { useFormat } from "../../ui/format";
import { Wrong } from "../../ui/Wrong";

/** The address at which calendar applications read one's calendar. */
export default function FeedDialog({ close }: { close: () => void }) {
  const { t } = useTranslation();
  const format = useFormat();
  const { data } = useQuery({ queryKey: ["feed"], queryFn: () => get<{ exists: boolean; made_at: string | null }>("/calendar/token"), staleTime: 0 });
  const { mutate, isPending, error, data: link } = useMutation({
    mutationFn: async (wanted: "another" | "none") => (wanted === "another" ? (await make<{ url: string }>("/calendar/token", {}, uuid())).url : access.request<null>("DELETE", "/calendar/token")),
    onSuccess: () => renew("feed"),
  });
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
          <Button loading={isPending} onClick={() => mutate("another")}>
            {t(data?.exists ? "calendar.feed_renew" : "calendar.feed_make")}
          </Button>
        )}
        {data?.exists && (
          <>
            <Text size="sm" c="dimmed">
              {t("calendar.feed_since", { when: format.moment(data.made_at!) })}
            </Text>
            <Button variant="default" disabled={isPending} onClick={() => mutate("none")}>
              {t("calendar.feed_revoke")}
            </Button>
          </>
        )}
        <Wrong problem={error} />
      </Stack>
    </Dialog>
  );
}
