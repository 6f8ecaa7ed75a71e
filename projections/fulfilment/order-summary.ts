/** One row per order: its status and what is paid. */
import type { RecordedEvent } from '../../domain/kernel/recorded-event';
import {
  OrderCancelled,
  OrderConfirmed,
  OrderDeclaredUnavailable,
  OrderDelivered,
  OrderHandedToCarrier,
  OrderPlaced,
  type OrderEvent,
} from '../../domain/order/events';
import { PaymentCaptured, PaymentRefunded } from '../../domain/payment/events';
import { amountIn } from './money-by-currency';
import { defineProjection, integer, json, nullable, text } from '../projection';

export const orderSummary = defineProjection({
  name: 'order-summary',
  // 2: money of another currency no longer counts as paid.
  version: 2,
  meaning: 'One row per order: its status, when it took each step, and what is paid.',
  view: {
    key: { orderId: text('The order.') },
    columns: {
      customerId: nullable(text('The customer who placed the order; null while only a payment is known.')),
      status: nullable(
        text(
          'placed, confirmed, handed-over, delivered, cancelled or unavailable; null while only a payment is known.',
        ),
      ),
      currency: nullable(text('The currency of the amounts, ISO 4217; null while only a payment is known.')),
      amount: nullable(integer('What the whole order costs, in minor units; null while only a payment is known.')),
      paid: integer(
        'What was collected for the order in its own currency less what was refunded, in minor units; while only payments are known, their sum if they are all in one currency, else 0.',
      ),
      placedAt: nullable(text('When the customer placed the order; business time, UTC.')),
      confirmedAt: nullable(text('When the order was confirmed; null before.')),
      handedOverAt: nullable(text('When the carrier took the goods over; null before.')),
      deliveredAt: nullable(text('When the customer received the goods; null before.')),
      cancelledAt: nullable(text('When the order was called off; null where it was not.')),
      unavailableAt: nullable(text('When the seller said that it cannot be supplied; null where it can.')),
      version: integer("The version of the order's last event in this row; 0 while only a payment is known."),
      paidByCurrency: json(
        'What was collected less what was refunded, by currency, in minor units: includes money in other currencies, which does not pay the order. Null before the first payment.',
      ),
    },
    indexes: [['customerId']],
  },
  handles: [
    OrderPlaced,
    OrderConfirmed,
    OrderHandedToCarrier,
    OrderDelivered,
    OrderCancelled,
    OrderDeclaredUnavailable,
    PaymentCaptured,
    PaymentRefunded,
  ],
  project: (event) => {
    switch (event.type) {
      case 'OrderPlaced':
        return [orderStep(event, { status: 'placed' })];
      case 'OrderConfirmed':
        return [orderStep(event, { status: 'confirmed', confirmedAt: event.data.confirmedAt })];
      case 'OrderHandedToCarrier':
        return [orderStep(event, { status: 'handed-over', handedOverAt: event.data.handedOverAt })];
      case 'OrderDelivered':
        return [orderStep(event, { status: 'delivered', deliveredAt: event.data.deliveredAt })];
      case 'OrderCancelled':
        return [orderStep(event, { status: 'cancelled', cancelledAt: event.data.cancelledAt })];
      case 'OrderDeclaredUnavailable':
        return [orderStep(event, { status: 'unavailable', unavailableAt: event.data.declaredAt })];
      case 'PaymentCaptured':
        return [{ key: { orderId: event.data.orderId }, ...collected(event.data, 1) }];
      case 'PaymentRefunded':
        return [{ key: { orderId: event.data.orderId }, ...collected(event.data, -1) }];
    }
  },
  compute: ({ currency, paidByCurrency }) => ({ paid: amountIn(paidByCurrency, currency) }),
});

/** The order and its currency may not be known yet: sums of every currency are kept, and `compute` picks the one that pays. */
const collected = ({ currency, amount }: { readonly currency: string; readonly amount: number }, sign: 1 | -1) => ({
  addEach: { paidByCurrency: { [currency]: sign * amount } },
});

/** Every event of an order carries the order's facts, so the row is complete whichever event comes first. */
const orderStep = <Step extends object>(event: RecordedEvent<string, OrderEvent['data']>, step: Step) => {
  const { orderId, customerId, currency, amount, placedAt } = event.data;
  return { key: { orderId }, version: event.version, set: { customerId, currency, amount, placedAt, ...step } };
};
