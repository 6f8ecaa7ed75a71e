/** Restarts a role whose file was removed or replaced, on the file that is there then. */
import type { Clock } from '../clock';
import type { Logger } from '../logger';
import { StoreNotReady } from '../event-store/event-feed';
import { FileReplaced } from '../sqlite/file-identity';
import type { Lease } from '../sqlite/lease';
import { supervise } from '../supervise';
import { isPassingStorageFault, storageFaultKind } from '../storage-fault';

export interface RestartOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** The name of the role, for the logger. */
  readonly role: string;
  readonly stopping: AbortSignal;
}

const CHECK_INTERVAL_MS = 500;

/** Checks the file regularly; rejects with FileReplaced once it is removed or replaced. Resolves when the signal aborts. */
export const watchFile = async (
  lease: Pick<Lease, 'assertInPlace'>,
  { clock, stopping }: Pick<RestartOptions, 'clock' | 'stopping'>,
): Promise<void> => {
  while (!stopping.aborted) {
    lease.assertInPlace();
    await clock.sleep(CHECK_INTERVAL_MS, stopping);
  }
};

/**
 * Runs a session of the role, and another one whenever its file was replaced. A fault at the start of the first session ends the
 * role; one at the start of a later session is retried.
 */
export const restartOnReplacedFile = (
  { clock, logger, role, stopping }: RestartOptions,
  session: () => Promise<void>,
): Promise<void> =>
  supervise({
    clock,
    stopping,
    session,
    onFault: (error, attempts) => (isTransient(error, attempts > 0) ? 'back-off' : 'escalate'),
    onRetry: ({ reason }) => logger.error({ role, reason }, 'the role restarts, on the file that is there then'),
  });

/** At the first start a file that can't be opened is a wrong setting; later its folder may just not be restored yet. */
const isTransient = (error: unknown, hasBegun: boolean): boolean => {
  if (error instanceof FileReplaced || isPassingStorageFault(error)) return true;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const mayAppear = error instanceof StoreNotReady || storageFaultKind(error) !== undefined || /^E[A-Z]+$/.test(code);
  return hasBegun && mayAppear;
};
