/** Which topics a projection reads: those of the aggregates whose events it handles. */
import type { Catalog } from '../../../domain/kernel/aggregate';
import type { Topic } from '../../../domain/kernel/topic';
import type { Projection } from '../../projection';

/** The topics in catalog order. Throws where no aggregate publishes an event that the projection handles. */
export const topicsOf = (catalog: Catalog, projection: Projection): ReadonlyArray<Topic> => {
  const unpublished = projection.handles.find(({ type }) => catalog.eventDefinition(type) === undefined);
  if (unpublished !== undefined) {
    throw new Error(`${projection.name} handles ${unpublished.type}, which no aggregate of the catalog publishes`);
  }
  return catalog.aggregates
    .filter(({ events }) => projection.handles.some(({ type }) => events.has(type)))
    .map(({ topic }) => topic);
};
