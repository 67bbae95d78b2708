import { Button, Group as Row, Stack, Text } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Dialog } from "./Dialog";
import { Wrong } from "./Wrong";

interface Props {
  title: string;
  /** What comes of it, and whether it can be undone. */
  text: string;
  /** What the button says. */
  does: string;
  act: () => Promise<unknown>;
  /** After it was done, instead of closing. */
  then?: () => void;
  close: () => void;
}

/** Asks once more before something that takes from others or cannot be undone. */
export function Sure({ title, text, does, act, then, close }: Props) {
  const { t } = useTranslation();
  const { mutate, isPending, error } = useMutation({ mutationFn: act, onSuccess: then ?? close });
  return (
    <Dialog close={close} title={title}>
      <Stack>
        <Text size="sm">{text}</Text>
        <Wrong problem={error} />
        <Row justify="flex-end" gap="sm">
          <Button variant="default" onClick={close}>
            {t("do.cancel")}
          </Button>
          <Button color="red" loading={isPending} onClick={() => mutate()}>
            {does}
          </Button>
        </Row>
      </Stack>
    </Dialog>
  );
}
