import { Button, Group as Row, List, Stack, Text, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Dialog } from "../../ui/Dialog";
import { Wrong } from "../../ui/Wrong";
import { type Account, erasePerson } from "./people";

const COMES_OF_IT = ["gone", "stays", "groups", "never"] as const;

/** Asks before somebody is forgotten. There is no way back, so who it is has to be written, not only clicked. */
export default function EraseDialog({ person, close, then }: { person: Account; close: () => void; then: () => void }) {
  const { t } = useTranslation();
  const [written, setWritten] = useState("");
  const { mutate, isPending, error } = useMutation({ mutationFn: () => erasePerson(person.id), onSuccess: then });
  return (
    <Dialog close={close} title={t("erase.sure", { name: person.display_name || person.username })}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          mutate();
        }}
      >
        <Stack>
          <List size="sm" spacing={8}>
            {COMES_OF_IT.map((what) => (
              <List.Item key={what}>{t(`erase.${what}`)}</List.Item>
            ))}
          </List>
          <Text size="sm">{t("erase.export_first")}</Text>
          <TextInput
            label={t("erase.write", { name: person.username })}
            value={written}
            onChange={(event) => setWritten(event.currentTarget.value)}
            autoComplete="off"
            autoCapitalize="none"
            spellCheck={false}
            data-autofocus
          />
          <Wrong problem={error} />
          <Row justify="flex-end" gap="sm">
            <Button variant="default" onClick={close}>
              {t("do.cancel")}
            </Button>
            <Button type="submit" color="red" loading={isPending} disabled={written.trim() !== person.username}>
              {t("erase.do")}
            </Button>
          </Row>
        </Stack>
      </form>
    </Dialog>
  );
}
