/** One session of a role that writes a file: the file is opened, leased, watched, and closed at any end of the session. */
import { sharedSignal } from '../stop-signal';
import type { Clock } from '../clock';
import type { EngineFault } from '../engine-fault';
import type { Logger } from '../logger';
import {
  closeLeased,
  openLeasedDatabase,
  type LeasedDatabase,
  type OpenLeasedOptions,
} from '../sqlite/leased-database';
import { watchFile } from './restart-on-replaced-file';

export interface LeasedSessionOptions {
  /** The role's own file. */
  readonly file: string;
  readonly migrations: OpenLeasedOptions['migrations'];
  readonly clock: Clock;
  readonly logger: Logger;
  readonly leaseTtlMs: number;
  readonly stopping: AbortSignal;
  /** The message that is logged while another process holds the lease. */
  readonly waitsForLease: string;
  /** The message that is logged while the file can't be opened because of a transient fault. */
  readonly waitsForFile: string;
}

/** What the work of a session gets. */
export interface LeasedSession extends LeasedDatabase {
  /** Aborts when the session has to end: the role stops, or the lease or the file is lost. */
  readonly ending: AbortSignal;
  /** Whether another process has the lease, or the file was replaced: nothing may be written any longer. */
  readonly isLost: () => boolean;
}

/**
 * Waits for the lease, runs the work, and releases the lease. Resolves when the signal has aborted the wait, or the work has ended;
 * rejects with the fault that made the session lose its lease or file, else with that of the work.
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
    // Safe, as a power failure undoes effects and checkpoints together, and the same records are read again.
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
  const ending = sharedSignal(AbortSignal.any([stopping, over.signal]));
  const watching = watchFile(leased.lease, { clock, stopping: ending }).catch(lose);
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
