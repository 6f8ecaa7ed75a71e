/** The projections of a release with a bug: whatever becomes of orders called bad, it can't show that they are cancelled. */
import type { Projection } from '../../projections/projection';
import { projections as declaredProjections } from '../../projections/registry';

export { catalog } from '../../domain/catalog';

export const projections: ReadonlyArray<Projection> = declaredProjections.map((projection) =>
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
