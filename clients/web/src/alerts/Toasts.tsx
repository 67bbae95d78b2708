import "@mantine/notifications/styles.layer.css";
import { useMediaQuery } from "@mantine/hooks";
import { Notifications } from "@mantine/notifications";

/** What can be clicked at the top of a screen stays free. */
const BELOW_HEADERS = 92;

/** Where toasts appear: above what is read, away from what is written. */
export default function Toasts() {
  const narrow = useMediaQuery("(max-width: 759px)");
  return <Notifications position={narrow ? "top-center" : "top-right"} limit={3} autoClose={6_000} zIndex={400} mt={narrow ? 0 : BELOW_HEADERS} />;
}
