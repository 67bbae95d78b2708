import "@mantine/notifications/styles.layer.css";
import { useMediaQuery } from "@mantine/hooks";
import { Notifications } from "@mantine/notifications";

/** The places below the list, and the heads of screens, stay free. */
const NAV = 70;
const HEAD = 62;

/** Where toasts appear: over the end of the list on a desk, below the head of a screen on a phone. */
export default function Toasts() {
  const narrow = useMediaQuery("(max-width: 759px)");
  return <Notifications position={narrow ? "top-center" : "bottom-left"} limit={3} autoClose={5_000} zIndex={400} containerWidth={348} mt={narrow ? HEAD : 0} mb={narrow ? 0 : NAV} />;
}
