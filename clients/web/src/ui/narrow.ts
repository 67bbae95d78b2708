/** Where there is space for one thing at a time. */
export const NARROW = "(max-width: 759px)";
