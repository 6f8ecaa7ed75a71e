/**
 * Where a key belongs. Every log places keys by this function, which its suite holds it to; whoever has no log at hand, as the
 * thread that writes the views, asks here.
 */
import type { Topic } from '../../domain/kernel/topic';
import { partitionOf } from './murmur2';

/** The partition of a key in a topic. */
export const partitionFor = ({ partitions }: Pick<Topic, 'partitions'>, key: string): number =>
  partitionOf(key, partitions);
