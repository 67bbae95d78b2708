import type { Toast } from "./toast";

/** To read what was done, and to think again. */
export const UNDO_MS = 9_000;

/** Tells something short at the edge of the screen; what shows it comes with the first. */
export const tell = (what: Toast) => void import("./toast").then(({ toast }) => toast(what), console.info);
