import "@mantine/notifications/styles.layer.css";
import { useMediaQuery } from "@mantine/hooks";
import { Notifications } from "@mantine/notifications";
import { NARROW } from "../ui/narrow";
import css from "./toast.module.css";

/** Below menus (300) and dialogs (200): whoever has opened one is to see all of it. */
const LAYER = 190;

/** Where toasts appear: over the end of the list of rooms; on a phone over the end of what is on the screen, but for a room's. */
export default function Toasts() {
  const narrow = useMediaQuery(NARROW);
  return <Notifications className={css.toasts} position={narrow ? "bottom-center" : "bottom-left"} limit={3} autoClose={5_000} zIndex={LAYER} containerWidth={348} />;
}
