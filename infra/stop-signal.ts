/** Reading an abort signal. */

/** Whether the signal has aborted; a call, as the compiler assumes that a property is unchanged after an `await`. */
export const isAborted = (signal: AbortSignal): boolean => signal.aborted;

/** Resolves once the signal has aborted. */
export const whenAborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
