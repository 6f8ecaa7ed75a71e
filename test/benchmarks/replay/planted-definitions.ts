/** The projections with a bug planted in one: every order costs a cent more. */
import { catalog as declaredCatalog } from '../../../domain/catalog';
import type { Definitions } from '../../../projections/engine/definitions/shipped-definitions';
import type { Projection } from '../../../projections/projection';
import { projections as declaredProjections } from '../../../projections/registry';

const withBug = (projection: Projection): Projection => ({
  ...projection,
  project: (event) =>
    projection.project(event).map((upsert) => {
      const amount = upsert.set?.['amount'];
      return typeof amount === 'number' ? { ...upsert, set: { ...upsert.set, amount: amount + 1 } } : upsert;
    }),
});

export const catalog: Definitions['catalog'] = declaredCatalog;

export const projections: Definitions['projections'] = declaredProjections.map((projection) =>
  projection.name === 'order-summary' ? withBug(projection) : projection,
);
