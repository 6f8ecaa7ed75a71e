/**
 * What follows from what is known of an order: every command that the process has ever wanted by now. More knowledge only
 * adds commands. Each one's id names the event that caused it; its body follows from facts of the same ids, so that a
 * replay in another order asks for the same.
 */
import type { ProcessCommand } from '../kernel/process-manager';
import { latestOf } from '../kernel/values';
import { refusedReservations, type Cause, type FulfilmentState, type OrderFact } from './facts';

/** The process's name, and the first part of its commands' ids. */
export const PROCESS_NAME = 'fulfilment';

/** One refund a payment by this process: the name need only be unique within the payment. */
const REFUND_ID = 'order-called-off';

/** Every command wanted, in lifecycle order. */
export const nextActions = (state: FulfilmentState): ReadonlyArray<ProcessCommand> => {
  const { order } = state;
  // Reservations and payments for an order that nobody placed (yet) lead to nothing.
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
 * The time is part of the id: where an order is paid more than once over, it depends on which payment was learned first,
 * and one id must never stand for two bodies.
 */
const confirm = (order: OrderFact, confirmedAt: string): ProcessCommand =>
  commandFrom(order, `confirm/${confirmedAt}`, {
    category: 'order',
    aggregateId: order.orderId,
    type: 'confirm',
    data: { confirmedAt },
  });

/**
 * Each cause asks for itself, with its own reason and time; the order takes the first and finds the others repeats. One
 * command with the reason that happened to be learned first would have a body that a replay need not make again.
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
      // The time is part of the id, for the term may be another one in a replay.
      cancel({ ...order, at: unpaidAt }, `cancel/unpaid-by/${unpaidAt}`, `not paid in full by ${unpaidAt}`),
    ),
    ...state.declines.map((decline) => cancel(decline, 'cancel', `payment ${decline.id} was declined`)),
  ];
};

/** Once a carrier has the goods they are gone, even if the order is cancelled in transit. */
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

/** The order's own events arrive in order: by the time it is known to be closed, a hand-over before that is known too. */
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

/** Without an amount: all that has not gone back yet, so that a part refunded by hand does not stand in the way. */
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
