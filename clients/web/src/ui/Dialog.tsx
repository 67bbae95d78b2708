import { type ComponentProps, Suspense } from "react";
import { lazily } from "./lazily";

const DialogFrame = lazily(() => import("./DialogFrame"), false);

/** A question or a form in front of the rest. Open while it is on the page. What draws it comes with the first that is opened. */
export function Dialog(props: ComponentProps<typeof DialogFrame>) {
  return (
    <Suspense>
      <DialogFrame {...props} />
    </Suspense>
  );
}
