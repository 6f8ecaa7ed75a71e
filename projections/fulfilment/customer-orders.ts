/** One row per customer: how much they ordered. */
import { OrderPlaced } from '../../domain/order/events';
import { amountIn, mainCurrency } from './money-by-currency';
import { defineProjection, integer, json, nullable, text } from '../projection';

export const customerOrders = defineProjection({
  name: 'customer-orders',
  // 2: amounts of several currencies are no longer added up.
  version: 2,
  meaning: 'One row per customer: what they ordered, including orders that ended early.',
  view: {
    key: { customerId: text('The customer.') },
    columns: {
      orders: integer('How many orders the customer placed.'),
      amount: integer('The total of those in `currency`, in minor units.'),
      lastOrderAt: text('When the customer placed the latest of them; business time, UTC.'),
      currency: nullable(
        text('The currency of most of their orders, ISO 4217; the first in the alphabet where several have as many.'),
      ),
      ordersByCurrency: json('How many orders the customer placed in each currency.'),
      amountByCurrency: json('The total of the orders in each currency, in its minor units.'),
    },
  },
  handles: [OrderPlaced],
  project: ({ data: { customerId, currency, amount, placedAt } }) => [
    {
      key: { customerId },
      add: { orders: 1 },
      addEach: { ordersByCurrency: { [currency]: 1 }, amountByCurrency: { [currency]: amount } },
      max: { lastOrderAt: placedAt },
    },
  ],
  compute: ({ ordersByCurrency, amountByCurrency }) => {
    const currency = mainCurrency(ordersByCurrency);
    return { currency, amount: amountIn(amountByCurrency, currency) };
  },
});
