/** Abort signals that stop many things: how they are shared and read. */
import { setMaxListeners } from 'node:events';

/**
 * Returns the signal, without Node's warning of more than ten listeners: every part that waits or sleeps until the stop has one, and
 * there are as many parts as groups, calls and timers.
 */
export const sharedSignal = (signal: AbortSignal): AbortSignal => {
  setMaxListeners(0, signal);
  return signal;
};

/** A controller of such a signal. */
export const sharedController = (): AbortController => {
  const controller = new AbortController();
  sharedSignal(controller.signal);
  return controller;
};

/** Whether the signal has aborted; a call, as the compiler assumes that a property is unchanged after an `await`. */
export const isAborted = (signal: AbortSignal): boolean => signal.aborted;

/** Resolves once the signal has aborted. */
export const whenAborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
