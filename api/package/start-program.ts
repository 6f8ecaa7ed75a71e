/** Starts an application inside somebody's own program, as `tidemark serve` does from the command line. */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isMainThread } from 'node:worker_threads';
import { systemClock } from '../../infra/clock';
import { ConfigurationError, prepareProcess, type Configuration } from '../../infra/configuration';
import type { Logger } from '../../infra/logger';
import { deferred } from '../../infra/running/deferred';
import type { Application } from '../../projections/application';
import { jsonLogger } from '../cli/loggers';
import { underDevelopment, type LoadedApplication } from '../program/application';
import * as composition from '../program/program';
import { allRoles, type Role } from '../program/roles';

/** What an embedding program may choose. */
export interface StartOptions {
  /** Which roles run in this process; all of them by default. With the embedded broker they must all run together. */
  readonly roles?: ReadonlyArray<Role>;
  /** Where log lines go; JSON lines on standard output by default. */
  readonly logger?: Logger;
  /** Aborts a start that still waits for a lease or for the store's file. */
  readonly signal?: AbortSignal;
  /**
   * Called when a role can't continue, for example because another process has taken over its file. By default the
   * reason is logged and the program closes.
   */
  readonly onFatal?: (error: Error) => void;
}

/** A program that runs. */
export interface RunningProgram {
  /** Where the API listens; undefined without the role `api`. */
  readonly url: string | undefined;
  /** Stops in order: readiness, server, consumers, relay, broker, store. A second call waits for the first. */
  readonly close: () => Promise<void>;
}

/**
 * Starts an application and resolves when the requested roles run.
 *
 * The projections run in a thread of their own, which loads the application again. So the application has to say in
 * `file` which file exports it as its default, and this function is called from another file. Start Node with
 * `UV_THREADPOOL_SIZE=16`: each Kafka consumer occupies one of its threads.
 *
 * Rejects with {@link ConfigurationError} for an application without `file` or settings that do not fit together, and
 * with what the start met otherwise (contracts that differ from the lock, an address in use).
 *
 * @example
 * ```ts
 * import { readConfiguration, startProgram } from 'tidemark/server';
 * import library from './library.js'; // export default defineApplication({ file: import.meta.url, ... })
 *
 * const program = await startProgram(library, readConfiguration());
 * console.log(`serves on ${program.url}`);
 * process.once('SIGTERM', () => void program.close());
 * ```
 */
export const startProgram = async (
  application: Application,
  configuration: Configuration,
  options: StartOptions = {},
): Promise<RunningProgram> => {
  refuseThread();
  const loaded = underDevelopment(withFile(application));
  prepareProcess();
  const { logger = jsonLogger(), signal = new AbortController().signal } = options;
  const running = deferred<RunningProgram>();
  const closeOnFatal = (error: Error): void => {
    logger.error({ reason: error.message }, 'a role cannot continue: the program stops');
    // A role may fail before the others have started: the program closes as soon as it can.
    void running.promise.then(async ({ close }) => close());
  };
  const { url, stop } = await composition.startProgram({
    loaded,
    configuration,
    roles: new Set(options.roles ?? allRoles),
    clock: systemClock,
    logger,
    signal,
    onFatal: options.onFatal ?? closeOnFatal,
  });
  let closing: Promise<void> | undefined;
  const program: RunningProgram = { url, close: async () => (closing ??= stop()) };
  running.resolve(program);
  return program;
};

const withFile = (application: Application): LoadedApplication => {
  const { file: declared, name, contractsFolder } = application;
  if (declared === undefined) {
    throw new ConfigurationError(
      `the application ${name} does not say which file exports it: the projections' thread has to load it again. ` +
        'Add file: import.meta.url (in CommonJS file: __filename) to its defineApplication',
    );
  }
  const file = declared.startsWith('file:') ? fileURLToPath(declared) : declared;
  return { application, file, contractsFolder: contractsFolder ?? join(dirname(file), 'contracts') };
};

const refuseThread = (): void => {
  if (isMainThread) return;
  throw new ConfigurationError(
    "startProgram was called in a thread, where the Kafka client can't run. If the application's own file calls it, " +
      "move the call to another file: the projections' thread loads the application's file",
  );
};
