/** One row a customer: how much they ordered. */
import { OrderPlaced } from '../domain/order/events';
import { defineProjection, integer, text } from './projection';

export const customerOrders = defineProjection({
  name: 'customer-orders',
  version: 1,
  meaning: 'One row a customer: what they ordered, whatever became of it.',
  view: {
    key: { customerId: text('The customer.') },
    columns: {
      orders: integer('How many orders the customer placed.'),
      amount: integer('What those orders cost together, in minor units of the currency that the customer orders in.'),
      lastOrderAt: text('When the customer placed the latest of them; business time, UTC.'),
    },
  },
  handles: [OrderPlaced],
  project: ({ data: { customerId, amount, placedAt } }) => [
    { key: { customerId }, add: { orders: 1, amount }, max: { lastOrderAt: placedAt } },
  ],
});
