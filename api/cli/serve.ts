/** `tidemark serve`: runs roles until a signal, then shuts down in order. */
import { systemClock } from '../../infra/clock';
import type { Configuration } from '../../infra/configuration';
import type { Logger } from '../../infra/logger';
import { deferred } from '../../infra/running/deferred';
import type { LoadedApplication } from '../program/application';
import { startProgram } from '../program/program';
import type { Role } from '../program/roles';

/** Starts the roles; resolves once they have stopped, after a signal or a failure that ends the program. */
export const serve = async (
  loaded: LoadedApplication,
  configuration: Configuration,
  roles: ReadonlySet<Role>,
  logger: Logger,
): Promise<void> => {
  const starting = new AbortController();
  const stopped = deferred<string>();
  const stop = (reason: string): void => {
    starting.abort();
    stopped.resolve(reason);
  };
  process.once('SIGTERM', () => stop('SIGTERM'));
  process.once('SIGINT', () => stop('SIGINT'));

  // From the first stop request, the process ends within the deadline, whatever a library may still be waiting for.
  void stopped.promise.then(() => {
    const watchdog = setTimeout(() => {
      logger.error({ deadlineMs: configuration.shutdownDeadlineMs }, 'the shutdown deadline has passed: killed');
      process.kill(process.pid, 'SIGKILL');
    }, configuration.shutdownDeadlineMs);
    watchdog.unref();
  });

  const onFatal = (error: Error): void => {
    logger.error({ reason: error.message }, 'a role cannot continue: the program stops');
    process.exitCode = 1;
    stop(error.message);
  };
  const options = { loaded, configuration, roles, clock: systemClock, logger, signal: starting.signal, onFatal };
  const program = await startProgram(options).catch((error: unknown) => {
    // A stop request while the program waits to start is not a failure.
    if (starting.signal.aborted) return undefined;
    throw error;
  });
  if (program === undefined) return;
  const reason = await stopped.promise;
  logger.info({ reason }, 'stopping');
  await program.stop();
  logger.info({}, 'stopped');
};
