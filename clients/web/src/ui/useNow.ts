import { useEffect, useState } from "react";

/** The time in milliseconds, looked at again every half minute: for how long ago something was, or how long it still is. */
export function useNow(): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 30_000);
    return () => clearInterval(timer);
  }, []);
  return now;
}
