import { Button, FileButton, Group as Row, Text } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { User } from "../../api/types";
import { access } from "../../session";
import { happen, useApp } from "../../state/store";
import { Avatar } from "../../ui/Avatar";
import { useProblem } from "../../ui/format";

/** One's picture: the server cuts it to its middle. */
export function AvatarField() {
  const { t } = useTranslation();
  const say = useProblem();
  const me = useApp((state) => state.me!);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<unknown>(null);
  async function put(file: File | null, method: "PUT" | "DELETE" = "PUT") {
    if (!file && method === "PUT") return;
    setBusy(true);
    setProblem(null);
    try {
      await access.request(method, "/me/avatar", file ?? undefined);
      happen({ type: "me", user: await access.request<User>("GET", "/me") });
    } catch (error) {
      setProblem(error);
    }
    setBusy(false);
  }
  return (
    <div>
      <Row gap="md">
        <Avatar id={me.id} name={me.display_name || me.username || "?"} size={64} src={me.avatar_url} />
        <FileButton accept="image/*" onChange={(file) => void put(file)}>
          {(props) => (
            <Button {...props} variant="default" size="sm" loading={busy}>
              {t("account.picture")}
            </Button>
          )}
        </FileButton>
        {me.avatar_url && (
          <Button variant="subtle" color="gray" size="sm" disabled={busy} onClick={() => void put(null, "DELETE")}>
            {t("account.no_picture")}
          </Button>
        )}
      </Row>
      {problem !== null && (
        <Text size="sm" c="red" mt={6} role="alert">
          {say(problem)}
        </Text>
      )}
    </div>
  );
}
