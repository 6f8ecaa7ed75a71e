/** The one shape of what runs until it is stopped, and how a role of the engine starts and stops. */
import { beginAnew, type BeginAnewOptions } from './begin-anew';
import { deferred } from './deferred';

/** Something that runs beside others. */
export interface Running {
  /** Says that it is to stop, and resolves when it has; as often as it is called. Never rejects: see `done`. */
  readonly stop: () => Promise<void>;
  /** Resolves after `stop`; rejects when it can't go on in this process. */
  readonly done: Promise<void>;
}

/** A role: everything that it waits for (its file's lease, the store, a broker) is waited for after the start. */
export interface Role extends Running {
  /** Resolves when it holds what it writes, or has ended before; rejects when it could not begin. */
  readonly started: Promise<void>;
}

/** Runs the work until it ends, is stopped, or the signal aborts. */
export const startRunning = (work: (stopping: AbortSignal) => Promise<void>, signal?: AbortSignal): Running => {
  const stopping = new AbortController();
  const stop = (): void => stopping.abort();
  signal?.addEventListener('abort', stop, { once: true });
  if (signal?.aborted === true) stop();
  const done = work(stopping.signal).finally(() => signal?.removeEventListener('abort', stop));
  // Whoever awaits `done` learns of it; without anybody it must not end the process.
  done.catch(() => undefined);
  return {
    stop: async () => {
      stop();
      await done.catch(() => undefined);
    },
    done,
  };
};

export interface StartRoleOptions extends Omit<BeginAnewOptions, 'stopping'> {
  /** Stops the role as `stop` does, also while it still starts. */
  readonly signal: AbortSignal;
  /** Waits for what has to be there before the first session; resolves to false where the signal came first. */
  readonly ready?: (stopping: AbortSignal) => Promise<boolean>;
  /** From the lease to the wish to stop, or to the fault that ends it. Calls `onStarted` once it holds what it writes. */
  readonly session: (stopping: AbortSignal, onStarted: () => void) => Promise<void>;
}

/** Starts a role: session after session, each on the file that stands there then. */
export const startRole = ({ signal, ready, session, ...options }: StartRoleOptions): Role => {
  const started = deferred();
  const running = startRunning(async (stopping) => {
    if (ready !== undefined && !(await ready(stopping))) return;
    await beginAnew({ ...options, stopping }, () => session(stopping, started.resolve));
  }, signal);
  running.done.then(started.resolve, started.reject);
  return { ...running, started: started.promise };
};
