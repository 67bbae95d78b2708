import { Checkbox, Stack } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { get } from "../../session";

const ADMINISTRATOR = "administrator";

interface Props {
  kind: "staff" | "customer";
  value: string[];
  change: (permissions: string[]) => void;
}

/** What somebody may do, each right with its words. A right of administrators holds all others. */
export function PermissionFields({ kind, value, change }: Props) {
  const { t, i18n } = useTranslation();
  const { data } = useQuery({ queryKey: ["permissions"], queryFn: () => get<{ items: { permission: string; description: string }[] }>("/permissions"), staleTime: Infinity });
  const all = value.includes(ADMINISTRATOR);
  return (
    <Checkbox.Group label={t("admin.permissions")} value={value} onChange={change}>
      <Stack gap="xs" mt={6}>
        {data?.items.map(({ permission, description }) => {
          const type = permission.startsWith("reports:") ? permission.slice("reports:".length) : null;
          const label = type ? t("permission.reports", { type: t(`report_type.${type}`, type) }) : t(`permission.${permission.replace(":", "_")}`, permission);
          const about = `permission.${permission.replace(":", "_")}_text`;
          return (
            <Checkbox
              key={permission}
              value={permission}
              label={label}
              description={type ? undefined : i18n.exists(about) ? t(about) : description}
              disabled={permission === ADMINISTRATOR ? kind === "customer" && !all : all}
              indeterminate={all && permission !== ADMINISTRATOR && !value.includes(permission)}
            />
          );
        })}
      </Stack>
    </Checkbox.Group>
  );
}
