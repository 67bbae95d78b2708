import { Button, Checkbox, FileInput, MultiSelect, SegmentedControl, Stack, Textarea, TextInput } from "@mantine/core";
import { IconPhoto } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useLocation } from "wouter";
import { Problem } from "../../api/http";
import type { Article } from "../../api/types";
import { renew } from "../../api/queries";
import { access, make } from "../../session";
import { useApp } from "../../state/store";
import { Dialog } from "../../ui/Dialog";
import { useKey } from "../../ui/useKey";
import { Wrong } from "../../ui/Wrong";
import { instantOf, localOf } from "../../ui/zone";
import { useZone } from "../../ui/useZone";

const AUDIENCES = ["everyone", "staff", "groups"] as const;
const FIELDS = ["title", "body", "group_ids", "publish_at", "expires_at"];

/** An article, released at once or at a time; or one there is, to be changed. */
export default function WriteDialog({ article, close }: { article?: Article; close: () => void }) {
  const { t } = useTranslation();
  const [, go] = useLocation();
  const rooms = useApp((state) => state.rooms);
  const key = useKey();
  const [audience, setAudience] = useState<(typeof AUDIENCES)[number]>(article?.audience ?? "everyone");
  const [groups, setGroups] = useState<string[]>(article?.group_ids ?? []);
  const zone = useZone();
  const [picture, setPicture] = useState<File | null>(null);
  const open = Object.values(rooms).filter(({ group }) => !group.ended_at && group.my_role !== "guest");

  async function release(form: FormData) {
    const time = (name: string) => (form.get(name) ? instantOf(String(form.get(name)), zone) : null);
    const asked = {
      title: String(form.get("title")).trim(),
      body: String(form.get("body")),
      audience,
      group_ids: audience === "groups" ? groups : [],
      must_read: form.get("must_read") === "on",
      // What has been released stays released.
      ...(article?.status === "released" ? {} : { publish_at: time("publish_at") }),
      expires_at: time("expires_at"),
    };
    if (article) {
      if (picture) await access.request("PUT", `/news/${article.id}/picture`, picture);
      await access.request("PATCH", `/news/${article.id}`, { ...asked, read_again: form.get("read_again") === "on" });
      return article.id;
    }
    // With a picture it is released only when that is there.
    const made = await make<Article>("/news", { ...asked, draft: picture !== null }, key({ ...asked, picture: picture?.name }));
    if (picture) {
      await access.request("PUT", `/news/${made.id}/picture`, picture);
      await access.request("PATCH", `/news/${made.id}`, { draft: false });
    }
    return made.id;
  }
  const { mutate, isPending, error } = useMutation({
    mutationFn: release,
    onSuccess: async (id) => {
      await renew("news");
      close();
      go(`/news/${id}`);
    },
  });
  const field = (name: string) => (error instanceof Problem ? error.errors.find((e) => e.loc.includes(name))?.msg : undefined);

  return (
    <Dialog close={close} title={t(article ? "news.edit" : "news.write")}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          mutate(new FormData(event.currentTarget));
        }}
      >
        <Stack>
          <TextInput name="title" defaultValue={article?.title} label={t("news.headline")} required maxLength={200} error={field("title")} data-autofocus autoComplete="off" />
          <Textarea name="body" defaultValue={article?.body ?? undefined} label={t("news.text")} description={t("news.markdown")} required autosize minRows={6} maxRows={16} error={field("body")} />
          <FileInput label={t("news.picture")} accept="image/*" clearable value={picture} onChange={setPicture} leftSection={<IconPhoto size={17} />} placeholder={t("news.choose")} />
          <SegmentedControl fullWidth aria-label={t("news.audience")} value={audience} onChange={(value) => setAudience(value as typeof audience)} data={AUDIENCES.map((value) => ({ value, label: t(`news.audience_${value}`) }))} />
          {audience === "groups" && <MultiSelect label={t("news.groups")} required searchable value={groups} onChange={setGroups} data={open.map(({ group }) => ({ value: group.id, label: group.name }))} error={field("group_ids")} />}
          <Checkbox name="must_read" defaultChecked={article?.must_read} label={t("news.must_read_label")} />
          {article?.status === "released" ? (
            <Checkbox name="read_again" label={t("news.read_again")} />
          ) : (
            <TextInput type="datetime-local" name="publish_at" label={t("news.publish_at")} description={t("calendar.zone", { zone })} defaultValue={article?.publish_at ? localOf(article.publish_at, zone) : undefined} error={field("publish_at")} />
          )}
          <TextInput type="datetime-local" name="expires_at" label={t("news.expires_at")} defaultValue={article?.expires_at ? localOf(article.expires_at, zone) : undefined} error={field("expires_at")} />
          {!FIELDS.some(field) && <Wrong problem={error} />}
          <Button type="submit" loading={isPending}>
            {t(article ? "account.save" : "news.release")}
          </Button>
        </Stack>
      </form>
    </Dialog>
  );
}
