/**
 * What a consumer has applied from the topics that the current ones replaced. An earlier topic can have had another number of
 * partitions, so the partition there is found by the event's key.
 */
import type { Catalog } from '../../../domain/kernel/aggregate';
import { aggregateIdOf, categoryOf } from '../../../domain/kernel/recorded-event';
import { partitionFor } from '../../kafka/placement';
import type { Checkpoint } from '../checkpoints/checkpoints';
import { byPartition } from '../../topic-partition';

/** Returns the position up to which the events of a stream were applied from an earlier topic; 0 where there was none. */
export type AppliedEarlier = (stream: string) => number;

const nothing: AppliedEarlier = () => 0;

/** Makes the lookup for the checkpoints of one consumer. */
export const appliedEarlier = (catalog: Catalog, known: ReadonlyArray<Checkpoint>): AppliedEarlier => {
  if (catalog.aggregates.every(({ topic }) => topic.earlier === undefined)) return nothing;
  const checkpoints = byPartition(known);
  return (stream) => {
    const earlier = catalog.byCategory(categoryOf(stream))?.topic.earlier ?? [];
    const key = aggregateIdOf(stream);
    return earlier.reduce((most, topic) => {
      const at = checkpoints.get({ topic: topic.name, partition: partitionFor(topic, key) });
      return Math.max(most, at?.highWaterPosition ?? 0);
    }, 0);
  };
};
