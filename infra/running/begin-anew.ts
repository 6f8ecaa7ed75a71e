/** A role outlives its file: where that was removed or replaced, the role begins anew on what stands there now. */
import type { Clock } from '../clock';
import type { Logger } from '../logger';
import { StoreNotReady } from '../event-store/event-feed';
import { FileReplaced } from '../sqlite/file-identity';
import type { Lease } from '../sqlite/lease';
import { supervise } from './supervise';
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
export const beginAnew = (
  { clock, logger, role, stopping }: BeginAnewOptions,
  session: () => Promise<void>,
): Promise<void> =>
  supervise({
    clock,
    stopping,
    session,
    onFault: (error, attempts) => (isPassing(error, attempts > 0) ? 'back-off' : 'escalate'),
    onRetry: ({ reason }) =>
      logger.error({ role, reason }, 'the role begins anew in a moment, on the file that stands there then'),
  });

/** At a first start a file that can't be opened is a wrong setting; later the folder may only not be there again yet. */
const isPassing = (error: unknown, hasBegun: boolean): boolean => {
  if (error instanceof FileReplaced || isPassingStorageFault(error)) return true;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const mayCome = error instanceof StoreNotReady || storageFaultKind(error) !== undefined || /^E[A-Z]+$/.test(code);
  return hasBegun && mayCome;
};
