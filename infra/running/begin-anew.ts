/** A role outlives its file: where that was removed or replaced, the role begins anew on what stands there now. */
import { backoffMs } from '../backoff';
import type { Clock } from '../clock';
import type { Logger } from '../logger';
import { FileReplaced } from '../sqlite/file-identity';
import type { Lease } from '../sqlite/lease';
import { isPassingStorageFault, storageFaultKind } from '../storage-fault';

export interface BeginAnewOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Of the role, for the log. */
  readonly role: string;
  readonly stopping: AbortSignal;
}

const LOOK_MS = 500;

/** Looks every so often; rejects with FileReplaced once the file is no longer in its place. Resolves when the signal aborts. */
export const watchPlace = async (
  lease: Pick<Lease, 'assertInPlace'>,
  { clock, stopping }: Pick<BeginAnewOptions, 'clock' | 'stopping'>,
): Promise<void> => {
  while (!stopping.aborted) {
    lease.assertInPlace();
    await clock.sleep(LOOK_MS, stopping);
  }
};

/**
 * Runs a session of the role, and another one whenever its file was replaced. The first one may fail to begin like any start;
 * a later one that cannot begin is tried again.
 */
export const beginAnew = async (options: BeginAnewOptions, session: () => Promise<void>): Promise<void> => {
  const { clock, logger, role, stopping } = options;
  let attempts = 0;
  for (;;) {
    try {
      await session();
      return;
    } catch (error) {
      if (stopping.aborted && attempts > 0) return;
      if (stopping.aborted || !(error instanceof FileReplaced || shouldPass(attempts, error))) throw error;
      attempts += 1;
      const reason = error instanceof Error ? error.message : String(error);
      logger.error({ role, reason }, 'the role begins anew in a moment, on the file that stands there then');
      await clock.sleep(backoffMs(clock, attempts), stopping);
      if (isAborted(stopping)) return;
    }
  }
};

/** At a first start a file that can't be opened is a wrong setting; later the folder may only not be there again yet. */
const shouldPass = (attempts: number, error: unknown): boolean => {
  if (isPassingStorageFault(error)) return true;
  const isStoreAway = error instanceof Error && error.name === 'StoreNotReady';
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return attempts > 0 && (isStoreAway || storageFaultKind(error) !== undefined || /^E[A-Z]+$/.test(code));
};

/** Read anew: before it lies a wait. */
const isAborted = (signal: AbortSignal): boolean => signal.aborted;
