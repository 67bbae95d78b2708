import { useCallback, useRef, useState } from "react";
import { Problem } from "../../api/http";
import type { Attachment } from "../../api/types";
import { detach, upload, uuid } from "../../session";

/** A file on its way to the server, before the message that takes it along. */
export interface Attaching {
  key: string;
  file: File;
  /** From 0 to 1. */
  progress: number;
  kept?: Attachment;
  problem?: unknown;
}

export const MOST = 10;

/** There is no connection: it goes along as it is, and is brought when there is one. */
export const waits = (one: Attaching) => one.problem instanceof Problem && one.problem.offline;

/** The files chosen for the next message; each is brought at once, so that sending need not wait. */
export function useAttaching() {
  const [all, setAll] = useState<Attaching[]>([]);
  const count = useRef(0);
  const [tooMany, setTooMany] = useState(false);
  const under = useRef(new Map<string, AbortController>());
  const bring = useCallback((one: Attaching) => {
    const stop = new AbortController();
    under.current.set(one.key, stop);
    const put = (changes: Partial<Attaching>) => setAll((now) => now.map((each) => (each.key === one.key ? { ...each, ...changes } : each)));
    upload(one.file, one.key, { signal: stop.signal, progress: (progress) => put({ progress }) })
      .then(
        // Given up just when it had arrived: it is not to be left there.
        (kept) => (stop.signal.aborted ? void detach(kept) : put({ kept, progress: 1 })),
        (problem: unknown) => put({ problem }),
      )
      .finally(() => under.current.delete(one.key));
  }, []);
  const add = useCallback(
    (files: Iterable<File>) => {
      const chosen = [...files];
      const more = chosen.slice(0, Math.max(0, MOST - count.current)).map((file) => ({ key: uuid(), file, progress: 0 }));
      setTooMany(more.length < chosen.length);
      count.current += more.length;
      setAll((now) => [...now, ...more]);
      more.forEach(bring);
    },
    [bring],
  );
  const remove = useCallback((one: Attaching) => {
    under.current.get(one.key)?.abort();
    count.current -= 1;
    setTooMany(false);
    if (one.kept) void detach(one.kept);
    setAll((now) => now.filter((each) => each.key !== one.key));
  }, []);
  const again = useCallback(
    (one: Attaching) => {
      setAll((now) => now.map((each) => (each.key === one.key ? { ...each, problem: undefined, progress: 0 } : each)));
      bring(one);
    },
    [bring],
  );
  const clear = () => {
    count.current = 0;
    setTooMany(false);
    setAll([]);
  };
  return { all, add, remove, again, clear, tooMany, ready: all.every((one) => one.kept || waits(one)) };
}
