import { useEffect, useState } from "react";
import { useApp } from "../state/store";

/** How long a connection may take before it is worth a word. */
const PATIENCE_MS = 1_500;

/** Whether there is no connection: at once when it has broken, and not for the moment that every start takes. */
export function useAway(): boolean {
  const link = useApp((state) => state.link);
  const [away, setAway] = useState(link === "waiting");
  useEffect(() => {
    if (link !== "connecting") return setAway(link !== "online");
    const timer = setTimeout(() => setAway(true), PATIENCE_MS);
    return () => clearTimeout(timer);
  }, [link]);
  return away;
}
