/** How large a write-ahead log may become before it is folded into its file. */

/** Pages between checkpoints where there is room: 4,000 measured 1.24 times the appends of the default 1,000. */
export const MAX_WAL_PAGES = 4_000;
/** Fewer would fold in at every other commit. */
const MIN_WAL_PAGES = 64;
export const PAGE_BYTES = 4_096;
/** An installation has four files, and each needs as much room again for what is folded into it. */
const SHARES = 8;

/** Pages after which a log is to be folded in on a volume with so much room. */
export const walPagesFor = (freeBytes: number): number =>
  Math.max(MIN_WAL_PAGES, Math.min(MAX_WAL_PAGES, Math.floor(freeBytes / SHARES / PAGE_BYTES)));
