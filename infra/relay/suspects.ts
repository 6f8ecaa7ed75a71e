/** Partitions of which a batch was refused: their records go one by one until the one that was meant is known. */
import { partitionMap, type TopicPartition } from '../topic-partition';

export interface RecordSuspects {
  readonly suspect: (place: TopicPartition, untilPosition: number) => void;
  readonly isSuspect: (place: TopicPartition, position: number) => boolean;
  readonly clear: (place: TopicPartition) => void;
  /** Everything up to this position has gone through, or is known to be refused. */
  readonly passed: (position: number) => void;
  readonly isAny: () => boolean;
}

/** Suspects nothing. */
export const recordSuspects = (): RecordSuspects => {
  const suspects = partitionMap<TopicPartition & { readonly untilPosition: number }>();
  return {
    suspect: (place, untilPosition) => suspects.set(place, { ...place, untilPosition }),
    isSuspect: (place, position) => suspects.size > 0 && position <= (suspects.get(place)?.untilPosition ?? 0),
    clear: (place) => suspects.delete(place),
    passed: (position) => {
      for (const each of suspects.values()) if (each.untilPosition <= position) suspects.delete(each);
    },
    isAny: () => suspects.size > 0,
  };
};
