/** The projections of a release with a bug: whatever becomes of orders called bad, it can't show that they are cancelled. */
import type { Projection } from '../../projections/projection';
import { application } from '../../projections/fulfilment/application';

export const projections: ReadonlyArray<Projection> = application.projections.map((projection) =>
  projection.name === 'order-summary' ? broken(projection) : projection,
);

function broken(projection: Projection): Projection {
  return {
    ...projection,
    project: (event) => {
      if (event.type === 'OrderCancelled' && event.stream.startsWith('order-bad')) {
        throw new TypeError("cannot read properties of undefined (reading 'taxRate')");
      }
      return projection.project(event);
    },
  };
}

export default { ...application, projections };
