import { Button, Stack } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { useLocation } from "wouter";
import { Problem } from "../../api/http";
import { create } from "../../session";
import { Dialog } from "../../ui/Dialog";
import { useKey } from "../../ui/useKey";
import { Wrong } from "../../ui/Wrong";
import { FIELDS, GroupFields, useGroupFields } from "./GroupFields";

export default function CreateDialog({ close }: { close: () => void }) {
  const { t } = useTranslation();
  const [, go] = useLocation();
  const fields = useGroupFields();
  const key = useKey();
  const { mutate, isPending, error } = useMutation({
    mutationFn: (form: FormData) => {
      const asked = fields.read(form);
      return create(asked, key(asked));
    },
    onSuccess: (group) => {
      close();
      go(`/g/${group.id}`);
    },
  });
  const field = (name: string) => (error instanceof Problem ? error.errors.find((e) => e.loc.at(-1) === name)?.msg : undefined);

  return (
    <Dialog close={close} title={t("create.title")}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          mutate(new FormData(event.currentTarget));
        }}
      >
        <Stack>
          <GroupFields fields={fields} error={field} />
          {!FIELDS.some(field) && <Wrong problem={error} />}
          <Button type="submit" loading={isPending} disabled={fields.missing}>
            {t("create.submit")}
          </Button>
        </Stack>
      </form>
    </Dialog>
  );
}
