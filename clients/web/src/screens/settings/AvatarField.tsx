import { Button, FileButton, Group as Row, Text } from "@mantine/core";
import { Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import type { User } from "../../api/types";
import { access } from "../../session";
import { happen, useApp } from "../../state/store";
import { Avatar } from "../../ui/Avatar";
import { useProblem } from "../../ui/format";
import { lazily } from "../../ui/lazily";

const CropDialog = lazily(() => import("./CropDialog"));

/** One's picture, and the part of a photograph that becomes it. */
export function AvatarField() {
  const { t } = useTranslation();
  const say = useProblem();
  const me = useApp((state) => state.me!);
  const [chosen, setChosen] = useState<File | null>(null);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<unknown>(null);
  async function put(picture: Blob | null) {
    setBusy(true);
    setProblem(null);
    try {
      happen({ type: "me", user: await access.request<User>(picture ? "PUT" : "DELETE", "/me/avatar", picture ?? undefined) });
    } catch (error) {
      setProblem(error);
    }
    setBusy(false);
  }
  return (
    <div>
      <Row gap="md">
        <Avatar id={me.id} name={me.display_name || me.username || "?"} size={72} src={me.avatar_url} />
        <FileButton accept="image/*" onChange={setChosen}>
          {(props) => (
            <Button {...props} variant="default" size="sm" loading={busy}>
              {t("account.picture")}
            </Button>
          )}
        </FileButton>
        {me.avatar_url && (
          <Button variant="subtle" color="gray" size="sm" disabled={busy} onClick={() => void put(null)}>
            {t("account.no_picture")}
          </Button>
        )}
      </Row>
      {problem !== null && (
        <Text size="sm" c="red" mt={6} role="alert">
          {say(problem)}
        </Text>
      )}
      <Suspense>
        {chosen && (
          <CropDialog
            file={chosen}
            close={() => setChosen(null)}
            take={(picture) => {
              setChosen(null);
              void put(picture);
            }}
          />
        )}
      </Suspense>
    </div>
  );
}
