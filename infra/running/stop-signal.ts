/** What everybody asks of a signal that says: stop. */

/** Whether it has been given by now: read anew, where the compiler still holds what was read before a wait. */
export const isAborted = (signal: AbortSignal): boolean => signal.aborted;

/** Resolves once it is given. */
export const whenAborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
