/**
 * Fulfilment, from placing to the last consequence. One process an order:
 *
 *     placed                          -> reserve every article
 *     all reserved and paid in full   -> confirm
 *     not to be reserved, or declined -> cancel
 *     cancelled or unavailable        -> release what is reserved, refund what is captured
 *     with the carrier                -> dispatch what is reserved
 *
 * It learns facts ({@link learn}) and says what follows from them ({@link nextActions}); both are pure.
 */
import type { ProcessManager } from '../kernel/process-manager';
import { handledEvents, isHandled, learn, nothingKnown, type FulfilmentState } from './facts';
import { nextActions, PROCESS_NAME } from './next-actions';

/** The process manager of an order's fulfilment. */
export const fulfilment: ProcessManager<FulfilmentState> = {
  name: PROCESS_NAME,
  version: 1,
  meaning: 'Sees an order through: reserves, confirms or cancels, dispatches, releases and refunds.',
  handles: handledEvents,
  instanceOf: (event) => (isHandled(event) ? event.data.orderId : undefined),
  initialState: nothingKnown,
  step: (state, input) => {
    const next = learn(state, input);
    const asked = new Set(nextActions(state).map(({ id }) => id));
    return { state: next, commands: nextActions(next).filter(({ id }) => !asked.has(id)) };
  },
};
