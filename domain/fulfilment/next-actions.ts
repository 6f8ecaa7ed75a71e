/**
 * Every command that the process has issued for an order so far, derived from the known facts. More facts only add
 * commands. Each command's id names the event that caused it, and its body depends only on facts that the id identifies,
 * so that a replay in another sequence issues the same commands.
 */
import type { ProcessCommand } from '../kernel/process-manager';
import { latestOf } from '../kernel/values';
import { refusedReservations, type Cause, type FulfilmentState, type OrderFact } from './facts';

/** The process's name, and the first part of its commands' ids. */
export const PROCESS_NAME = 'fulfilment';

/** This process refunds a payment at most once, so the id need only be unique within the payment. */
const REFUND_ID = 'order-called-off';

/** Every command issued so far, in lifecycle order. */
export const nextActions = (state: FulfilmentState): ReadonlyArray<ProcessCommand> => {
  const { order } = state;
  // Reservations and payments for an order that has not been placed (yet) have no consequences.
  if (order === null) return [];
  return [
    ...reserveEachArticle(order),
    ...confirmOrCancel(state, order),
    ...dispatchReservations(state, order),
    ...releaseReservations(state, order),
    ...refundCaptures(state),
  ];
};

const reserveEachArticle = (order: OrderFact): ReadonlyArray<ProcessCommand> =>
  order.needs.map(({ sku, quantity }) =>
    commandFrom(order, `reserve/${sku}`, {
      category: 'stock',
      aggregateId: sku,
      type: 'reserve',
      data: { orderId: order.orderId, quantity, reservedAt: order.at },
    }),
  );

const confirmOrCancel = (state: FulfilmentState, order: OrderFact): ReadonlyArray<ProcessCommand> => {
  switch (state.verdict?.to) {
    case undefined:
      return [];
    case 'confirm':
      return [confirm(order, state.verdict.confirmedAt)];
    case 'cancel':
      return cancelForEachCause(state, order);
  }
};

/**
 * The time is part of the id: where an order is paid more than once, the time depends on which payment arrived first, and
 * one id must never have two bodies.
 */
const confirm = (order: OrderFact, confirmedAt: string): ProcessCommand =>
  commandFrom(order, `confirm/${confirmedAt}`, {
    category: 'order',
    aggregateId: order.orderId,
    type: 'confirm',
    data: { confirmedAt },
  });

/**
 * Each cause issues its own command with its reason and time; the order accepts the first and treats the others as
 * repeats. A single command would carry the reason that happened to arrive first, which a replay might not reproduce.
 */
const cancelForEachCause = (state: FulfilmentState, order: OrderFact): ReadonlyArray<ProcessCommand> => {
  const cancel = (cause: Cause, action: string, reason: string): ProcessCommand =>
    commandFrom(cause, action, {
      category: 'order',
      aggregateId: order.orderId,
      type: 'cancel',
      data: { reason, cancelledAt: latestOf(order.at, cause.at), unlessConfirmed: true },
    });
  return [
    ...refusedReservations(state).map(({ aggregateId, rejectionType }) =>
      cancel(order, `cancel/${aggregateId}`, `article ${aggregateId} could not be reserved: ${rejectionType}`),
    ),
    ...(state.unpaidAt === null ? [] : [state.unpaidAt]).map((unpaidAt) =>
      // The time is part of the id, because the term may differ in a replay.
      cancel({ ...order, at: unpaidAt }, `cancel/unpaid-by/${unpaidAt}`, `not paid in full by ${unpaidAt}`),
    ),
    ...state.declines.map((decline) => cancel(decline, 'cancel', `payment ${decline.id} was declined`)),
  ];
};

/** Goods that a carrier has are dispatched, even if the order is cancelled in transit. */
const dispatchReservations = (
  { handedOver, reservations }: FulfilmentState,
  { orderId }: OrderFact,
): ReadonlyArray<ProcessCommand> => {
  if (handedOver === null) return [];
  return reservations.map((reservation) =>
    commandFrom(handedOver, `dispatch/${reservation.id}`, {
      category: 'stock',
      aggregateId: reservation.id,
      type: 'dispatch',
      data: { orderId, dispatchedAt: latestOf(handedOver.at, reservation.at) },
    }),
  );
};

/** The order's own events arrive in sequence: when the closing is known, an earlier hand-over is known too. */
const releaseReservations = (
  { closed, handedOver, reservations }: FulfilmentState,
  { orderId }: OrderFact,
): ReadonlyArray<ProcessCommand> => {
  if (closed === null || handedOver !== null) return [];
  return reservations.map((reservation) =>
    commandFrom(reservation, 'release', {
      category: 'stock',
      aggregateId: reservation.id,
      type: 'release',
      data: { orderId, releasedAt: latestOf(closed.at, reservation.at) },
    }),
  );
};

/** Without an amount, which means everything not yet refunded, so that an earlier partial refund is no obstacle. */
const refundCaptures = ({ closed, captures }: FulfilmentState): ReadonlyArray<ProcessCommand> => {
  if (closed === null) return [];
  return captures.map((capture) =>
    commandFrom(capture, 'refund', {
      category: 'payment',
      aggregateId: capture.id,
      type: 'refund',
      data: { refundId: REFUND_ID, refundedAt: latestOf(closed.at, capture.at) },
    }),
  );
};

const commandFrom = (
  cause: Cause,
  action: string,
  command: Pick<ProcessCommand, 'category' | 'aggregateId' | 'type' | 'data'>,
): ProcessCommand => ({
  id: `${PROCESS_NAME}/${cause.eventId}/${action}`,
  causationId: cause.eventId,
  correlationId: cause.correlationId,
  ...command,
});
