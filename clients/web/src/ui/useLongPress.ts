import { type TouchEvent, useRef } from "react";

const PRESS_MS = 450;

/** A finger that stays where it is. Its lifting is kept from becoming a click, which would close what the press has opened. */
export function useLongPress(act: () => void) {
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const pressed = useRef(false);
  const stop = () => clearTimeout(timer.current);
  return {
    onTouchStart() {
      stop();
      pressed.current = false;
      timer.current = setTimeout(() => {
        pressed.current = true;
        act();
      }, PRESS_MS);
    },
    onTouchMove: stop,
    onTouchCancel: stop,
    onTouchEnd(event: TouchEvent) {
      stop();
      if (pressed.current && event.cancelable) event.preventDefault(); // it is not, where the finger went on to scroll
    },
  };
}
