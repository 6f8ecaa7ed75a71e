/**
 * Fulfilment, from placing an order to the last consequence. One process per order:
 *
 *     placed                          -> reserve every article
 *     all reserved and paid in full   -> confirm
 *     cannot be reserved, or declined -> cancel
 *     not paid within its term        -> cancel
 *     cancelled or unavailable        -> release what is reserved, refund what is captured
 *     with the carrier                -> dispatch what is reserved
 *
 * It collects facts ({@link applyInput}) and derives commands from them ({@link nextActions}); both are pure.
 */
import { defineProcessManager, type ProcessDeadline, type ProcessManager } from '../kernel/process-manager';
import { applyInput, handledEvents, isHandled, nothingKnown, type FulfilmentState, type OrderFact } from './facts';
import { nextActions, PROCESS_NAME } from './next-actions';
import { DEFAULT_PAYMENT_TERM_MS } from './payment-term';

/**
 * The process manager of an order's fulfilment. An order has to be paid within the term, counted from when the order was
 * recorded, so that old orders imported today still have the whole term.
 */
export const fulfilmentWithin = (paymentTermMs: number): ProcessManager<FulfilmentState> =>
  defineProcessManager({
    name: PROCESS_NAME,
    version: 2,
    meaning: 'Sees an order through: reserves, confirms or cancels, dispatches, releases and refunds.',
    handles: handledEvents,
    instanceOf: (event) => (isHandled(event) ? event.data.orderId : undefined),
    initialState: nothingKnown,
    step: (state, input) => {
      const next = applyInput(state, input);
      const issued = new Set(nextActions(state).map(({ id }) => id));
      const commands = nextActions(next).filter(({ id }) => !issued.has(id));
      const { order } = next;
      if (order === null || state.order !== null) return { state: next, commands };
      return { state: next, commands, deadlines: [paymentDeadline(order, paymentTermMs)] };
    },
  });

/** The term is part of the id: another term makes another deadline. */
const paymentDeadline = ({ eventId, recordedAt }: OrderFact, paymentTermMs: number): ProcessDeadline => ({
  id: `${PROCESS_NAME}/${eventId}/payment-within/${paymentTermMs}`,
  dueAt: new Date(Date.parse(recordedAt) + paymentTermMs).toISOString(),
});

/** Fulfilment with the default payment term. */
export const fulfilment = fulfilmentWithin(DEFAULT_PAYMENT_TERM_MS);
