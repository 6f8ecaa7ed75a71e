/**
 * Write-ahead logs on a small or nearly full volume. A log is folded into its file when it has reached a size; where the logs of
 * all files fill the volume before one of them has, no file can grow any more, and nothing can be folded in for ever. So the
 * size goes by the room that is left, and a log that is large for its volume is cut while, or as soon as, that can be done.
 */
import { statfsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Database } from './database';
import { MAX_WAL_PAGES, PAGE_BYTES, walPagesFor } from './wal-size';

const LOOK_INTERVAL_MS = 1_000;

/** Looks after the log of an open file until that is closed. */
export const keepWalInRoom = (database: Database, intervalMs: number = LOOK_INTERVAL_MS): void => {
  let pages = MAX_WAL_PAGES;
  const look = (): void => {
    const wanted = walPagesFor(freeBytesAt(database.name));
    if (wanted !== pages) database.pragma(`wal_autocheckpoint = ${wanted}`);
    pages = wanted;
    if (pages === MAX_WAL_PAGES || walBytesOf(database.name) <= 2 * pages * PAGE_BYTES) return;
    // Says by itself where a reader stands in the way.
    database.pragma('wal_checkpoint(TRUNCATE)');
  };
  const lookAndGoOn = (): void => {
    if (!database.open) return;
    try {
      look();
    } catch {
      // Full to the last page, or locked: tried again, for others may make room.
    }
    setTimeout(lookAndGoOn, intervalMs).unref();
  };
  lookAndGoOn();
};

const freeBytesAt = (file: string): number => {
  const { bavail, bsize } = statfsSync(dirname(file));
  return bavail * bsize;
};

const walBytesOf = (file: string): number => statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0;
