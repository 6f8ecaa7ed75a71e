/** The common interface of what runs until it is stopped, and how a role starts and stops. */
import { sharedSignal } from '../stop-signal';
import { deferred } from './deferred';
import { restartOnReplacedFile, type RestartOptions } from './restart-on-replaced-file';

/** Concurrent work that runs until it is stopped. */
export interface Running {
  /** Stops it, and resolves when it has stopped. May be called repeatedly. Never rejects; see `done`. */
  readonly stop: () => Promise<void>;
  /** Resolves after `stop`; rejects when it cannot continue in this process. */
  readonly done: Promise<void>;
}

/** A role. Starting it does not wait: it waits itself for its file's lease, the store and a broker. */
export interface Role extends Running {
  /** Resolves when it has the lease of its file, or has stopped before; rejects when it could not start. */
  readonly started: Promise<void>;
}

/** Runs the work until it ends, is stopped, or the signal aborts. */
export const startRunning = (work: (stopping: AbortSignal) => Promise<void>, signal?: AbortSignal): Running => {
  const stopping = new AbortController();
  const stop = (): void => stopping.abort();
  signal?.addEventListener('abort', stop, { once: true });
  if (signal?.aborted === true) stop();
  const done = work(sharedSignal(stopping.signal)).finally(() => signal?.removeEventListener('abort', stop));
  // A rejection of `done` that nobody awaits must not end the process.
  done.catch(() => undefined);
  return {
    stop: async () => {
      stop();
      await done.catch(() => undefined);
    },
    done,
  };
};

export interface StartRoleOptions extends Omit<RestartOptions, 'stopping'> {
  /** Stops the role as `stop` does, also while it still starts. */
  readonly signal: AbortSignal;
  /** Waits for the preconditions of the first session; resolves to false where the signal aborted first. */
  readonly ready?: (stopping: AbortSignal) => Promise<boolean>;
  /** Runs until the signal aborts or a fault ends it. Calls `onStarted` once it has the lease. */
  readonly session: (stopping: AbortSignal, onStarted: () => void) => Promise<void>;
}

/** Starts a role: one session after another, each on the file that is there at its start. */
export const startRole = ({ signal, ready, session, ...options }: StartRoleOptions): Role => {
  const started = deferred();
  const running = startRunning(async (stopping) => {
    if (ready !== undefined && !(await ready(stopping))) return;
    await restartOnReplacedFile({ ...options, stopping }, () => session(stopping, started.resolve));
  }, signal);
  running.done.then(started.resolve, started.reject);
  return { ...running, started: started.promise };
};
