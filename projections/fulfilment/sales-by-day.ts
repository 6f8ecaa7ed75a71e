/**
 * One row per day and currency: what was ordered on the day, and what happened to those orders. A payment names its order
 * but not the order's day, and may come before the order; so each order has a detail row, which counts on its day once
 * that is known.
 */
import { OrderCancelled, OrderPlaced } from '../../domain/order/events';
import { PaymentCaptured, PaymentRefunded } from '../../domain/payment/events';
import { defineRollup, integer, nullable, text } from '../projection';

export const salesByDay = defineRollup({
  name: 'sales-by-day',
  version: 1,
  meaning:
    'One row per day and currency: the orders placed on that day (business time, UTC), and what happened to them.',
  view: {
    key: {
      day: text('The day on which the orders were placed, UTC, such as 2017-07-09.'),
      currency: text('The currency of the orders, ISO 4217.'),
    },
    columns: {
      ordersPlaced: integer('How many orders were placed on the day.'),
      amountPlaced: integer('Their total, in minor units.'),
      ordersCancelled: integer('How many of them were cancelled, on whatever day.'),
      amountCancelled: integer('The total of the cancelled ones, in minor units.'),
      amountPaid: integer('What was collected for them in this currency less what was refunded, in minor units.'),
    },
  },
  memory: {
    key: {
      orderId: text('The order.'),
      currency: text("The order's currency; a payment in another one has its own row, and never counts."),
    },
    columns: {
      day: nullable(text('The day of placing; null until an event of the order itself was applied.')),
      amount: integer('What the order costs.'),
      cancelled: integer('1 where it was cancelled, else 0.'),
      paid: integer('What was collected less what was refunded.'),
    },
  },
  handles: [OrderPlaced, OrderCancelled, PaymentCaptured, PaymentRefunded],
  project: (event) => {
    const { orderId, currency, amount } = event.data;
    const key = { orderId, currency };
    switch (event.type) {
      case 'OrderPlaced':
        return [{ key, set: { day: dayOf(event.data.placedAt), amount } }];
      case 'OrderCancelled':
        return [{ key, set: { day: dayOf(event.data.placedAt), amount, cancelled: 1 } }];
      case 'PaymentCaptured':
        return [{ key, add: { paid: amount } }];
      case 'PaymentRefunded':
        return [{ key, add: { paid: -amount } }];
    }
  },
  contribution: ({ day, currency, amount, cancelled, paid }) =>
    day === null
      ? undefined
      : {
          key: { day, currency },
          add: {
            ordersPlaced: 1,
            amountPlaced: amount,
            ordersCancelled: cancelled,
            amountCancelled: cancelled * amount,
            amountPaid: paid,
          },
        },
});

/** Instants are in UTC and begin with the day. */
const dayOf = (instant: string): string => instant.slice(0, 10);
