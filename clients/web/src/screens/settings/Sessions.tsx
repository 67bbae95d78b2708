import { ActionIcon, Button, Loader } from "@mantine/core";
import { useInfiniteQuery, useMutation } from "@tanstack/react-query";
import { IconDeviceDesktop, IconDeviceMobile, IconX } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { Page } from "../../api/types";
import { renew } from "../../api/queries";
import { access, get } from "../../session";
import { useFormat, useProblem } from "../../ui/format";
import { deviceOf } from "./device";
import css from "./settings.module.css";

interface OpenSession {
  id: string;
  current: boolean;
  user_agent: string | null;
  address: string | null;
  last_used_at: string;
}

/** Where somebody is signed in, and the way to end what nobody knows or needs.

@param person whose; without it, one's own. */
export function Sessions({ person }: { person?: string }) {
  const path = person ? `/users/${person}/sessions` : "/me/sessions";
  const { t } = useTranslation();
  const say = useProblem();
  const format = useFormat();
  const query = useInfiniteQuery({
    queryKey: ["sessions", path],
    queryFn: ({ pageParam }) => get<Page<OpenSession>>(`${path}?limit=50${pageParam ? `&cursor=${encodeURIComponent(pageParam)}` : ""}`),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_cursor || undefined,
    staleTime: 0,
  });
  const end = useMutation({
    mutationFn: (id: string | null) => access.request("DELETE", id ? `${path}/${id}` : path),
    onSettled: () => renew("sessions"),
  });
  const sessions = query.data?.pages.flatMap((page) => page.items) ?? [];
  const problem = query.error ?? end.error;
  return (
    <div>
      <h4 className={css.label}>{t(person ? "admin.devices" : "settings.devices")}</h4>
      {query.isPending && <Loader size="sm" type="dots" />}
      {query.data && sessions.length === 0 && <p>{t("admin.no_sessions")}</p>}
      <ul className={css.list}>
        {sessions.map((session) => {
          const { name, mobile } = deviceOf(session.user_agent);
          const Sign = mobile ? IconDeviceMobile : IconDeviceDesktop;
          return (
            <li key={session.id}>
              <Sign size={24} stroke={1.5} />
              <span>
                <strong>{name || t("settings.device_unknown")}</strong>
                <small>
                  {session.current ? <b>{t("settings.this_device")}</b> : t("settings.last_used", { when: format.moment(session.last_used_at) })}
                  {session.address && ` · ${session.address}`}
                </small>
              </span>
              {!session.current && (
                <ActionIcon aria-label={`${t("settings.end_session")}: ${name || t("settings.device_unknown")}`} disabled={end.isPending} onClick={() => end.mutate(session.id)}>
                  <IconX size={18} />
                </ActionIcon>
              )}
            </li>
          );
        })}
      </ul>
      {query.hasNextPage && (
        <Button size="compact-sm" variant="subtle" loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
          {t("members.more")}
        </Button>
      )}
      {problem && (
        <p className={css.problem} role="alert">
          {say(problem)}
        </p>
      )}
      {!person && sessions.length > 1 && (
        <Button size="compact-sm" variant="subtle" color="red" loading={end.isPending} onClick={() => end.mutate(null)}>
          {t("settings.end_others")}
        </Button>
      )}
    </div>
  );
}
