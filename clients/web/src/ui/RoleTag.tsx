import { useTranslation } from "react-i18next";
import type { Role } from "../api/types";
import css from "./RoleTag.module.css";

/** A role: its colour, and always its word, for those who do not see the colour. */
export function RoleTag({ role }: { role: Role }) {
  const { t } = useTranslation();
  return (
    <span className={css.role} data-role={role}>
      {t(`role.${role}`)}
    </span>
  );
}
