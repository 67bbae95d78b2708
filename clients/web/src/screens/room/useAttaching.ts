import { useCallback, useRef, useState } from "react";
import { Problem } from "../../api/http";
import type { Attachment } from "../../api/types";
import { detach, upload, uuid } from "../../session";

/** A file on its way to the server, before the message that takes it along. */
export interface Attaching {
  key: string;
  file: File;
  kept?: Attachment;
  problem?: unknown;
}

export const MOST = 10;

/** There is no connection: it goes along as it is, and is brought when there is one. */
export const waits = (one: Attaching) => one.problem instanceof Problem && one.problem.offline;

/** The files chosen for the next message; each is brought at once, so that sending need not wait. */
export function useAttaching() {
  const [all, setAll] = useState<Attaching[]>([]);
  const gone = useRef(new Set<string>());
  const bring = useCallback((one: Attaching) => {
    upload(one.file).then(
      (kept) => {
        if (gone.current.has(one.key)) return void detach(kept);
        setAll((now) => now.map((each) => (each.key === one.key ? { ...each, kept } : each)));
      },
      (problem: unknown) => setAll((now) => now.map((each) => (each.key === one.key ? { ...each, problem } : each))),
    );
  }, []);
  const add = useCallback(
    (files: Iterable<File>) => {
      const more = [...files].map((file) => ({ key: uuid(), file }));
      setAll((now) => [...now, ...more].slice(0, MOST));
      more.slice(0, MOST).forEach(bring);
    },
    [bring],
  );
  const remove = useCallback((one: Attaching) => {
    gone.current.add(one.key);
    if (one.kept) void detach(one.kept);
    setAll((now) => now.filter((each) => each.key !== one.key));
  }, []);
  const again = useCallback(
    (one: Attaching) => {
      setAll((now) => now.map((each) => (each.key === one.key ? { ...each, problem: undefined } : each)));
      bring(one);
    },
    [bring],
  );
  return { all, add, remove, again, clear: () => setAll([]), ready: all.every((one) => one.kept || waits(one)) };
}
