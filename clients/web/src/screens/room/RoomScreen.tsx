import { Button, Loader } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Suspense, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { useSearch } from "wouter";
import { Problem } from "../../api/http";
import type { Entry, Group, Page } from "../../api/types";
import { get, goTo, join, leaveAlone, load } from "../../session";
import { happen, useApp, useRoom } from "../../state/store";
import { Avatar } from "../../ui/Avatar";
import { useProblem } from "../../ui/format";
import { useAway } from "../../ui/useAway";
import { lazily } from "../../ui/lazily";
import { SharingBar } from "../map/SharingBar";
import { Composer } from "./Composer";
import { RoomHeader } from "./RoomHeader";
import css from "./RoomScreen.module.css";
import { places, Timeline } from "./Timeline";

const MembersPanel = lazily(() => import("../members/MembersPanel").then(({ MembersPanel }) => ({ default: MembersPanel })));
const TaskBar = lazily(() => import("./TaskBar").then(({ TaskBar }) => ({ default: TaskBar })), false);
const AskDialog = lazily(() => import("../report/AskDialog"));

export function RoomScreen({ id }: { id: string }) {
  const ready = useApp((state) => state.ready);
  const mine = useRoom(id)?.group.my_role;
  if (!ready) return <Loader className={css.wait} type="dots" />;
  return mine ? <Inside id={id} /> : <Outside id={id} />;
}

function Inside({ id }: { id: string }) {
  const { t } = useTranslation();
  const room = useRoom(id)!;
  const away = useAway();
  const [members, setMembers] = useState(false);
  const [shown, setShown] = useState(false); // stays on the page, so that it can glide away
  if (members && !shown) setShown(true);
  const [asking, setAsking] = useState(false);
  const [reply, setReply] = useState<Entry | null>(null);
  const [revised, setRevised] = useState<Entry | null>(null);
  const say = useProblem();
  const empty = room.entries.length === 0;
  const first = useQuery({ queryKey: ["newest", id, room.window], queryFn: () => load(id).then(() => true), enabled: empty && room.last_seq > 0 });
  useReads(id);
  const [from] = useState(room.read_seq);
  const { target, setTarget, coming } = useTarget(id);

  return (
    <div className={css.room}>
      <RoomHeader room={room} showMembers={() => setMembers((on) => !on)} ask={() => setAsking(true)} />
      {room.group.catalogue === "task" && (
        <Suspense fallback={<div className={css.bar} />}>
          <TaskBar group={room.group} />
        </Suspense>
      )}
      <SharingBar room={room} />
      {away && (
        <p className={css.away} role="status">
          {t("link.waiting")}
        </p>
      )}
      {(empty && room.last_seq > 0) || coming ? (
        <div className={css.wait}>
          {first.isError ? (
            <>
              <p>{say(first.error)}</p>
              <Button variant="light" onClick={() => void first.refetch()}>
                {t("do.retry")}
              </Button>
            </>
          ) : (
            <Loader type="dots" />
          )}
        </div>
      ) : (
        <Timeline key={room.window} room={room} from={from} target={target} setTarget={setTarget} reply={setReply} revise={setRevised} />
      )}
      {room.group.ended_at ? (
        <p className={css.ended}>{t("room.ended")}</p>
      ) : (
        <Composer group={room.group} reply={reply} unreply={() => setReply(null)} revised={revised} unrevise={() => setRevised(null)} ask={() => setAsking(true)} />
      )}
      <Suspense>{shown && <MembersPanel room={room} opened={members} close={() => setMembers(false)} />}</Suspense>
      <Suspense>{asking && <AskDialog group={room.group} close={() => setAsking(false)} />}</Suspense>
    </div>
  );
}

/** The entry to be gone to: the one that the address names (?at=57), or where one was reading before. */
function useTarget(id: string) {
  const at = Number(new URLSearchParams(useSearch()).get("at")) || null;
  const seq = at ?? places.get(id) ?? null;
  const [target, setTarget] = useState(seq);
  const [coming, setComing] = useState(seq !== null);
  useEffect(() => {
    if (seq === null) return;
    const arrive = (where: number | null) => {
      setTarget(where);
      setComing(false);
    };
    goTo(id, seq).then(() => arrive(seq), () => arrive(null)); // at the end, where one would be without it
  }, [id, at]);
  useEffect(() => () => leaveAlone(id), [id]);
  return { target, setTarget, coming };
}

/** Who has read how far, as it stands; from then on it comes over the socket. */
function useReads(id: string) {
  const { data } = useQuery({ queryKey: ["reads", id], queryFn: () => get<Page<{ user_id: string; seq: number }>>(`/groups/${id}/reads`) });
  useEffect(() => {
    if (data) happen({ type: "reads", group_id: id, items: data.items });
  }, [data, id]);
}

/** A group that is not ours: open to join, or not to be seen. */
function Outside({ id }: { id: string }) {
  const { t } = useTranslation();
  const say = useProblem();
  const [problem, setProblem] = useState<unknown>(null);
  const { data, error, isPending } = useQuery({ queryKey: ["groups", "one", id], queryFn: () => get<Group>(`/groups/${id}`), retry: false });
  if (isPending) return <Loader className={css.wait} type="dots" />;
  if (!data)
    return (
      <div className={css.wait}>
        <p>{error instanceof Problem && error.status === 404 ? t("room.gone") : say(error)}</p>
        <Button component="a" href="/" variant="light">
          {t("room.back")}
        </Button>
      </div>
    );
  return (
    <div className={css.wait}>
      <Avatar id={data.id} name={data.name} size={72} catalogue={data.catalogue} />
      <h2>{data.name}</h2>
      <p>{data.description}</p>
      <p>{data.ended_at ? t("room.ended") : t("room.join_first")}</p>
      {problem !== null && <p role="alert">{say(problem)}</p>}
      {!data.ended_at && <Button onClick={() => join(id).catch(setProblem)}>{t("room.join")}</Button>}
    </div>
  );
}
