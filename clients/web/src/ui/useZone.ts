import { useApp } from "../state/store";

/** The time zone a person's times are shown in; the browser's, where they have named none. */
export const useZone = () => useApp((state) => state.me?.timezone) || Intl.DateTimeFormat().resolvedOptions().timeZone;
