/**
 * The order: placed, confirmed, handed to a carrier, delivered; or cancelled or declared unavailable before that.
 *
 * Each step happens once. A command for a step that has already happened changes nothing, however late it comes and
 * whatever business time it names: the first report counts, because consumers have already read it.
 */
import { aggregate } from '../kernel/aggregate';
import { accept, nothingToChange, reject, type Decider, type Decision } from '../kernel/decider';
import { isBefore, MAX_QUANTITY } from '../kernel/values';
import { orderCommands, type OrderCommand, type OrderCommandNamed } from './commands';
import {
  OrderCancelled,
  OrderConfirmed,
  OrderDeclaredUnavailable,
  OrderDelivered,
  orderEvents,
  OrderHandedToCarrier,
  OrderPlaced,
  type OrderEvent,
  type OrderPlacedData,
} from './events';
import { amountOf, areSameLines, quantitiesBySku } from './line';
import { rejectClosed, rejectDelivered, rejectTime, rejectUnconfirmed } from './rejections';

// -------------------------------------------------------------------------------------
// State
// -------------------------------------------------------------------------------------

/** What has happened to the order; empty before it is placed. */
export interface OrderState {
  readonly placed?: OrderPlacedData;
  readonly confirmedAt?: string;
  readonly handedOverAt?: string;
  readonly deliveredAt?: string;
  readonly cancelledAt?: string;
  readonly unavailableAt?: string;
}

const evolve = (state: OrderState, event: OrderEvent): OrderState => {
  switch (event.type) {
    case 'OrderPlaced':
      return { ...state, placed: event.data };
    case 'OrderConfirmed':
      return { ...state, confirmedAt: event.data.confirmedAt };
    case 'OrderHandedToCarrier':
      return { ...state, handedOverAt: event.data.handedOverAt };
    case 'OrderDelivered':
      return { ...state, deliveredAt: event.data.deliveredAt };
    case 'OrderCancelled':
      return { ...state, cancelledAt: event.data.cancelledAt };
    case 'OrderDeclaredUnavailable':
      return { ...state, unavailableAt: event.data.declaredAt };
  }
};

// -------------------------------------------------------------------------------------
// Decisions
// -------------------------------------------------------------------------------------

const decide = (command: OrderCommand, state: OrderState): Decision<OrderEvent> => {
  if (command.type === 'place') return decidePlace(command, state);
  const { placed } = state;
  if (placed === undefined) return reject('OrderNotPlaced', `Order ${command.id} was never placed: place it first.`);
  switch (command.type) {
    case 'confirm':
      return decideConfirm(command, state, placed);
    case 'hand-to-carrier':
      return decideHandToCarrier(command, state, placed);
    case 'deliver':
      return decideDeliver(command, state, placed);
    case 'cancel':
      return decideCancel(command, state, placed);
    case 'declare-unavailable':
      return decideDeclareUnavailable(command, state, placed);
  }
};

const decidePlace = ({ id, data }: OrderCommandNamed<'place'>, { placed }: OrderState): Decision<OrderEvent> => {
  if (placed !== undefined) {
    return isSameOrder(placed, data)
      ? nothingToChange
      : reject('OrderAlreadyPlaced', `Order ${id} was placed with other content: place a new order under its own id.`);
  }
  if (data.lines.length === 0)
    return reject('OrderWithoutLines', `Order ${id} has no lines: name one article or more.`);
  for (const [sku, quantity] of quantitiesBySku(data.lines)) {
    if (quantity > MAX_QUANTITY)
      return reject(
        'OrderQuantityTooLarge',
        `Order ${id} asks for ${quantity} of ${sku}; at most ${MAX_QUANTITY} can be.`,
      );
  }
  const amount = amountOf(data.lines);
  if (!Number.isSafeInteger(amount))
    return reject('OrderAmountTooLarge', `The lines of order ${id} add up to more than ${Number.MAX_SAFE_INTEGER}.`);
  return accept(OrderPlaced.of({ orderId: id, amount, ...data }));
};

const decideConfirm = (
  { id, data: { confirmedAt } }: OrderCommandNamed<'confirm'>,
  state: OrderState,
  placed: OrderPlacedData,
): Decision<OrderEvent> => {
  if (state.confirmedAt !== undefined) return nothingToChange;
  if (isClosed(state)) return rejectClosed(id, state);
  if (isBefore(confirmedAt, placed.placedAt))
    return rejectTime('ConfirmedBeforePlacement', id, `confirmed at ${confirmedAt}`, `placed at ${placed.placedAt}`);
  return accept(OrderConfirmed.of({ ...orderFactsOf(placed), confirmedAt }));
};

const decideHandToCarrier = (
  { id, data: { handedOverAt } }: OrderCommandNamed<'hand-to-carrier'>,
  state: OrderState,
  placed: OrderPlacedData,
): Decision<OrderEvent> => {
  if (state.handedOverAt !== undefined) return nothingToChange;
  if (isClosed(state)) return rejectClosed(id, state);
  if (state.confirmedAt === undefined) return rejectUnconfirmed(id);
  if (isBefore(handedOverAt, state.confirmedAt))
    return rejectTime(
      'HandedOverBeforeConfirmation',
      id,
      `handed over at ${handedOverAt}`,
      `confirmed at ${state.confirmedAt}`,
    );
  return accept(OrderHandedToCarrier.of({ ...orderFactsOf(placed), handedOverAt }));
};

const decideDeliver = (
  { id, data: { deliveredAt } }: OrderCommandNamed<'deliver'>,
  state: OrderState,
  placed: OrderPlacedData,
): Decision<OrderEvent> => {
  if (state.deliveredAt !== undefined) return nothingToChange;
  if (isClosed(state)) return rejectClosed(id, state);
  if (state.confirmedAt === undefined) return rejectUnconfirmed(id);
  if (state.handedOverAt === undefined)
    return reject('OrderNotHandedOver', `No carrier has order ${id}: hand it to a carrier first.`);
  if (isBefore(deliveredAt, state.handedOverAt))
    return rejectTime(
      'DeliveredBeforeHandOver',
      id,
      `delivered at ${deliveredAt}`,
      `handed over at ${state.handedOverAt}`,
    );
  return accept(OrderDelivered.of({ ...orderFactsOf(placed), deliveredAt }));
};

const decideCancel = (
  { id, data: { reason, cancelledAt, unlessConfirmed } }: OrderCommandNamed<'cancel'>,
  state: OrderState,
  placed: OrderPlacedData,
): Decision<OrderEvent> => {
  if (state.cancelledAt !== undefined) return nothingToChange;
  if (isClosed(state)) return rejectClosed(id, state);
  if (state.deliveredAt !== undefined) return rejectDelivered(id, state.deliveredAt);
  if (unlessConfirmed === true && state.confirmedAt !== undefined)
    return reject(
      'OrderAlreadyConfirmed',
      `Order ${id} was confirmed at ${state.confirmedAt}, and is to stay so then.`,
    );
  if (isBefore(cancelledAt, placed.placedAt))
    return rejectTime('CancelledBeforePlacement', id, `cancelled at ${cancelledAt}`, `placed at ${placed.placedAt}`);
  return accept(OrderCancelled.of({ ...orderFactsOf(placed), reason, cancelledAt }));
};

const decideDeclareUnavailable = (
  { id, data: { reason, declaredAt } }: OrderCommandNamed<'declare-unavailable'>,
  state: OrderState,
  placed: OrderPlacedData,
): Decision<OrderEvent> => {
  if (state.unavailableAt !== undefined) return nothingToChange;
  if (isClosed(state)) return rejectClosed(id, state);
  if (state.deliveredAt !== undefined) return rejectDelivered(id, state.deliveredAt);
  if (state.handedOverAt !== undefined)
    return reject(
      'OrderAlreadyHandedOver',
      `A carrier has had order ${id} since ${state.handedOverAt}: it was available; cancel it instead.`,
    );
  if (isBefore(declaredAt, placed.placedAt))
    return rejectTime(
      'DeclaredUnavailableBeforePlacement',
      id,
      `declared unavailable at ${declaredAt}`,
      `placed at ${placed.placedAt}`,
    );
  return accept(OrderDeclaredUnavailable.of({ ...orderFactsOf(placed), reason, declaredAt }));
};

// -------------------------------------------------------------------------------------
// Helpers of the decisions
// -------------------------------------------------------------------------------------

/** The business time is not compared: a client that repeats a command may not know the time of the first attempt. */
const isSameOrder = (placed: OrderPlacedData, requested: OrderCommandNamed<'place'>['data']): boolean =>
  placed.customerId === requested.customerId &&
  placed.currency === requested.currency &&
  areSameLines(placed.lines, requested.lines);

const isClosed = ({ cancelledAt, unavailableAt }: OrderState): boolean =>
  cancelledAt !== undefined || unavailableAt !== undefined;

const orderFactsOf = ({ orderId, customerId, currency, amount, placedAt }: OrderPlacedData) => ({
  orderId,
  customerId,
  currency,
  amount,
  placedAt,
});

// -------------------------------------------------------------------------------------
// The aggregate
// -------------------------------------------------------------------------------------

/** The rules of an order. */
export const orderDecider: Decider<OrderCommand, OrderState, OrderEvent> = { decide, evolve, initialState: {} };

/** The order with its contracts. */
export const orderAggregate = aggregate({
  category: 'order',
  path: 'orders',
  meaning: 'A customer wants articles at agreed prices; from placing to delivery, or to its end on the way.',
  topic: {
    name: 'orders',
    partitions: 4,
    retention: 'forever',
    key: {
      is: 'the order id',
      because:
        "Order is needed within one order's life and nowhere else; the customer id would tie all orders of a big buyer to " +
        'one partition for nothing.',
      concurrency: 'Four partitions let four consumers share the topic; orders have nothing to do with each other.',
      skew: 'None is expected: orders are many and alike, a handful of events each, so all partitions stay busy.',
    },
  },
  events: orderEvents,
  commands: orderCommands,
  decider: orderDecider,
});
