/** Who holds the lease of a file, read from any process. */
import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import { openForReading } from './database';
import { isGone } from './process-identity';

export interface LeaseStatus {
  readonly isHeld: boolean;
  /** By this very process. */
  readonly isOwn: boolean;
  /** How often it was taken, ever. */
  readonly epoch: number;
}

interface LeaseRow {
  readonly owner: string;
  readonly epoch: number;
  readonly expiresAtMs: number;
}

/** Undefined where there is no file, or none that is leased. */
export const readLeaseStatus = (file: string, nowMs: number): LeaseStatus | undefined => {
  if (!existsSync(file)) return undefined;
  const database = openForReading(file);
  try {
    const isLeased = database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'lease'").get() !== undefined;
    if (!isLeased) return undefined;
    const row = database
      .prepare<[], LeaseRow>('SELECT owner, epoch, expires_at_ms AS expiresAtMs FROM lease WHERE id = 1')
      .get();
    if (row === undefined) return undefined;
    const { owner, epoch, expiresAtMs } = row;
    const isHeld = owner !== '' && expiresAtMs > nowMs && !isGone(owner);
    const [host, pid] = owner.split(':');
    return { isHeld, isOwn: isHeld && host === hostname() && pid === String(process.pid), epoch };
  } finally {
    database.close();
  }
};
