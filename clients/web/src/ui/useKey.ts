import { useRef } from "react";
import { uuid } from "../session";

/** The idempotency key of a form: the same for the same request tried again, another for another. */
export function useKey(): (...request: unknown[]) => string {
  const last = useRef({ request: "", key: "" });
  return (...request) => {
    const words = JSON.stringify(request);
    if (last.current.request !== words) last.current = { request: words, key: uuid() };
    return last.current.key;
  };
}
