/** The one place where the browser's time enters the pages. */

/** Wall-clock time in milliseconds since 1970. */
export const nowMs = (): number => Date.now();
