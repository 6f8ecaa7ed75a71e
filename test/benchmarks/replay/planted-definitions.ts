/** The projections with a bug planted in one: every order costs a cent more. */
import { application } from '../../../projections/fulfilment/application';
import type { Projection } from '../../../projections/projection';

const withBug = (projection: Projection): Projection => ({
  ...projection,
  project: (event) =>
    projection.project(event).map((upsert) => {
      const amount = upsert.set?.['amount'];
      return typeof amount === 'number' ? { ...upsert, set: { ...upsert.set, amount: amount + 1 } } : upsert;
    }),
});

export const projections: ReadonlyArray<Projection> = application.projections.map((projection) =>
  projection.name === 'order-summary' ? withBug(projection) : projection,
);

export default { ...application, projections };
