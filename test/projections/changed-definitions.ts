/** The declared projections after a change: `sales-by-day` counts otherwise, and there is one more. */
import { catalog as declaredCatalog } from '../../domain/catalog';
import { OrderPlaced } from '../../domain/order/events';
import type { Definitions } from '../../projections/engine/definitions/shipped-definitions';
import { defineProjection, integer, text } from '../../projections/projection';
import { projections as declared } from '../../projections/registry';
import { salesByDay } from '../../projections/sales-by-day';

const ordersByCurrency = defineProjection({
  name: 'orders-by-currency',
  version: 1,
  meaning: 'One row a currency.',
  view: {
    key: { currency: text('The currency.') },
    columns: { orders: integer('How many orders were placed in it.') },
  },
  handles: [OrderPlaced],
  project: ({ data: { currency } }) => [{ key: { currency }, add: { orders: 1 } }],
});

export const catalog: Definitions['catalog'] = declaredCatalog;
export const projections: Definitions['projections'] = [
  ...declared.map((projection) =>
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
