import { useMutation } from "@tanstack/react-query";
import { stopSharing } from "./sharing";

/** To stop sharing one's position live. */
export const useStop = () => useMutation({ mutationFn: stopSharing });
