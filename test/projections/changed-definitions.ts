/** The declared projections after a change: `sales-by-day` counts differently, and there is one more. */
import { application } from '../../projections/fulfilment/application';
import { OrderPlaced } from '../../domain/order/events';
import { defineProjection, integer, text, type Projection } from '../../projections/projection';
import { salesByDay } from '../../projections/fulfilment/sales-by-day';

const ordersByCurrency = defineProjection({
  name: 'orders-by-currency',
  version: 1,
  meaning: 'One row per currency.',
  view: {
    key: { currency: text('The currency.') },
    columns: { orders: integer('How many orders were placed in it.') },
  },
  handles: [OrderPlaced],
  project: ({ data: { currency } }) => [{ key: { currency }, add: { orders: 1 } }],
});

export const projections: ReadonlyArray<Projection> = [
  ...application.projections.map((projection) =>
    projection === salesByDay
      ? {
          ...salesByDay,
          version: 2,
          // Other sums from the same events.
          project: (event: Parameters<typeof salesByDay.project>[0]) =>
            salesByDay.project(event).map((upsert) => ({ ...upsert, add: { ...upsert.add, paid: 10 } })),
        }
      : projection,
  ),
  ordersByCurrency,
];

export default { ...application, projections };
