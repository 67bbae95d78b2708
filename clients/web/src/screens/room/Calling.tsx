import { type KeyboardEvent, useEffect, useId, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Group, Role } from "../../api/types";
import { EVERYONE } from "../../state/apply";
import { useApp } from "../../state/store";
import { Avatar } from "../../ui/Avatar";
import { RoleTag } from "../../ui/RoleTag";
import { useMembers } from "../members/useMembers";
import css from "./Calling.module.css";
import { begunName } from "./mentions";

interface Callable {
  id: string;
  name: string;
  role?: Role;
}

const MOST = 8;

/** Whom a name that is being written may call; chosen by keys or by hand, without leaving the text. */
export function useCalling(group: Group, text: string, caret: number, choose: (call: { id: string; word: string; from: number }) => void) {
  const { t } = useTranslation();
  const id = useId();
  const me = useApp((state) => state.me!.id);
  const [at, setAt] = useState(0);
  const [closed, setClosed] = useState(-1);
  const begun = begunName(text, caret);
  const { members, hasNextPage, isFetchingNextPage, fetchNextPage } = useMembers(group.id);
  useEffect(() => {
    if (begun && hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [begun, hasNextPage, isFetchingNextPage, fetchNextPage]);

  const leads = group.my_role === "owner" || group.my_role === "coordinator";
  const words = begun?.words.toLocaleLowerCase();
  const found = useMemo(() => {
    if (words === undefined) return [];
    const all: Callable[] = members.filter((one) => one.user_id !== me).map((one) => ({ id: one.user_id, name: one.display_name, role: one.role }));
    if (leads) all.push({ id: EVERYONE, name: t("mention.everyone") });
    const name = (one: Callable) => one.name.toLocaleLowerCase();
    const fits = all.filter((one) => name(one).includes(words));
    return fits.sort((a, b) => Number(name(b).startsWith(words)) - Number(name(a).startsWith(words))).slice(0, MOST);
  }, [words, members, me, leads, t]);
  const open = begun !== null && found.length > 0 && begun.from !== closed;
  const active = open ? Math.min(at, found.length - 1) : -1;
  useEffect(() => setAt(0), [words]);

  function take(one: Callable) {
    choose({ id: one.id, word: `@${one.name}`, from: begun!.from });
    setClosed(begun!.from); // the name is whole now; what follows it begins no other
  }
  useEffect(() => {
    if (!begun) setClosed(-1);
  }, [begun]);

  return {
    id,
    open,
    found,
    active,
    take,
    setAt,
    close: () => begun && setClosed(begun.from),
    /** True where the key was for the list. */
    keys(event: KeyboardEvent): boolean {
      if (!open || event.nativeEvent.isComposing) return false;
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (step) setAt((active + step + found.length) % found.length);
      else if (event.key === "Enter" || event.key === "Tab") take(found[active]!);
      else if (event.key === "Escape") setClosed(begun.from);
      else return false;
      event.preventDefault();
      event.stopPropagation();
      return true;
    },
    field: { "aria-autocomplete": "list", "aria-controls": open ? id : undefined, "aria-activedescendant": open ? `${id}-${active}` : undefined } as const,
  };
}

export function Calling({ calling: { id, open, found, active, take, setAt } }: { calling: ReturnType<typeof useCalling> }) {
  const { t } = useTranslation();
  const people = useApp((state) => state.people);
  return (
    <>
      <div className="hidden" role="status">
        {open ? t("mention.found", { count: found.length }) : ""}
      </div>
      {open && (
        <ul id={id} className={css.list} role="listbox" aria-label={t("mention.whom")}>
          {found.map((one, n) => (
            <li
              key={one.id}
              id={`${id}-${n}`}
              role="option"
              aria-selected={n === active}
              onPointerEnter={() => setAt(n)}
              onPointerDown={(event) => event.preventDefault() /* the text keeps the caret */}
              onClick={() => take(one)}
            >
              <Avatar id={one.id} name={one.id === EVERYONE ? "@" : one.name} size={30} src={people[one.id]?.avatar_url} />
              <span>{one.name}</span>
              {one.role ? <RoleTag role={one.role} /> : <small>{t("mention.everyone_text")}</small>}
            </li>
          ))}
        </ul>
      )}
    </>
  );
}
