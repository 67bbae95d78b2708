import { Suspense, useEffect, useState } from "react";
import { useLocation } from "wouter";
import { lazily } from "../../ui/lazily";

const KeysDialog = lazily(() => import("./KeysDialog"));

/** The keys that work on every screen. Those of one screen are with that screen; the dialog lists them all. */
export function Keys() {
  const [, go] = useLocation();
  const [shown, setShown] = useState(false);
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      const writing = (event.target as HTMLElement).closest?.("input, textarea, select, [contenteditable]");
      if (document.querySelector("[role=dialog]")) return;
      if (event.key === "?" && !writing) setShown(true);
      else if (event.altKey && (event.key === "ArrowUp" || event.key === "ArrowDown")) {
        // As the list shows them, with what is searched for and the catalogue that is chosen.
        const rows = [...document.querySelectorAll<HTMLAnchorElement>("a[data-row]")];
        const at = rows.findIndex((row) => row.getAttribute("aria-current") === "page");
        const next = at < 0 ? rows[0] : rows[at + (event.key === "ArrowDown" ? 1 : -1)];
        if (next) go(next.getAttribute("href")!);
      } else return;
      event.preventDefault();
    };
    addEventListener("keydown", listen);
    return () => removeEventListener("keydown", listen);
  }, [go]);
  return <Suspense>{shown && <KeysDialog close={() => setShown(false)} />}</Suspense>;
}
