/**
 * Where a key belongs, and an event. Every log places keys by this function, which its suite holds it to; whoever has no log at hand, as the
 * thread that writes the views, asks here.
 */
import type { Aggregate, Catalog } from '../../domain/kernel/aggregate';
import { aggregateIdOf, categoryOf } from '../../domain/kernel/recorded-event';
import type { Topic } from '../../domain/kernel/topic';
import { partitionOf } from './murmur2';
import type { TopicPartition } from '../topic-partition';

/** The partition of a key in a topic. */
export const partitionFor = ({ partitions }: Pick<Topic, 'partitions'>, key: string): number =>
  partitionOf(key, partitions);

/** Where a stored event goes: its aggregate's topic, and the partition of its key. */
export interface Destination extends TopicPartition {
  readonly key: string;
}

/** Finds topic, key and partition of a stream. Throws where the catalog knows no such category. */
export const destinationOf =
  (catalog: Catalog) =>
  (stream: string): Destination => {
    const { topic } = aggregateOf(catalog, stream);
    const key = aggregateIdOf(stream);
    return { topic: topic.name, partition: partitionFor(topic, key), key };
  };

const aggregateOf = (catalog: Catalog, stream: string): Aggregate => {
  const aggregate = catalog.byCategory(categoryOf(stream));
  if (aggregate === undefined) throw new Error(`no aggregate has the category of the stream '${stream}'`);
  return aggregate;
};
