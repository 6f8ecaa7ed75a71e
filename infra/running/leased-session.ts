/** One session of a role that writes a file: opened, leased, watched, and closed whatever ended it. */
import type { Clock } from '../clock';
import type { EngineFault } from '../engine-fault';
import type { Logger } from '../logger';
import {
  closeLeased,
  openLeasedDatabase,
  type LeasedDatabase,
  type OpenLeasedOptions,
} from '../sqlite/leased-database';
import { watchPlace } from './begin-anew';

export interface LeasedSessionOptions {
  /** The role's own file. */
  readonly file: string;
  readonly migrations: OpenLeasedOptions['migrations'];
  readonly clock: Clock;
  readonly logger: Logger;
  readonly leaseTtlMs: number;
  readonly stopping: AbortSignal;
  /** What the log says while another process holds the lease. */
  readonly waitsForLease: string;
  /** What the log says while the file can't be opened for a reason that should pass. */
  readonly waitsForFile: string;
}

/** What the work of a session has. */
export interface LeasedSession extends LeasedDatabase {
  /** The session is to end: the role stops, or the file is lost. */
  readonly ending: AbortSignal;
  /** Whether the lease is another process's, or the file another one: nothing may be written to it any more. */
  readonly isLost: () => boolean;
}

/**
 * Waits for the lease, then runs the work, and releases the lease when that has ended. Resolves where the signal came first or
 * the work has ended; rejects with what made the session lose its file, else with what the work met.
 */
export const leasedSession = async (
  options: LeasedSessionOptions,
  work: (session: LeasedSession) => Promise<void>,
): Promise<void> => {
  const { clock, logger, stopping } = options;
  const over = new AbortController();
  let loss: EngineFault | undefined;
  const lose = (fault: EngineFault): void => {
    loss ??= fault;
    over.abort();
  };
  const leased = await openLeasedDatabase({
    file: options.file,
    // A power cut takes effects and checkpoints back together, and the same records come again.
    synchronous: 'NORMAL',
    migrations: options.migrations,
    clock,
    ttlMs: options.leaseTtlMs,
    signal: stopping,
    onWaiting: (owner) => logger.info({ owner }, options.waitsForLease),
    onFault: (reason) => logger.warn({ reason }, options.waitsForFile),
    onLost: lose,
  }).catch((error: unknown) => {
    if (stopping.aborted) return undefined;
    throw error;
  });
  if (leased === undefined) return;
  const ending = AbortSignal.any([stopping, over.signal]);
  const watching = watchPlace(leased.lease, { clock, stopping: ending }).catch(lose);
  try {
    await work({ ...leased, ending, isLost: () => loss !== undefined });
  } catch (error) {
    throw loss ?? error;
  } finally {
    over.abort();
    await watching;
    closeLeased(leased);
  }
  if (loss !== undefined) throw loss;
};
