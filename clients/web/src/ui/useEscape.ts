import { useEffect, useRef } from "react";

/** What Escape does on a screen, unless a dialog or a menu is in front, which takes the key for itself. */
export function useEscape(leave: () => void) {
  const now = useRef(leave);
  useEffect(() => {
    now.current = leave;
  });
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      if (event.key === "Escape" && !event.isComposing && !document.querySelector("[role=dialog], [role=menu]")) now.current();
    };
    // Before the listeners of dialogs, which are added later: after them, the dialog would be gone already.
    addEventListener("keydown", listen, true);
    return () => removeEventListener("keydown", listen, true);
  }, []);
}
