/** Partitions of which a batch was rejected: their records are sent one by one until the rejected one is known. */
import { partitionMap, type TopicPartition } from '../topic-partition';

export interface RecordSuspects {
  readonly suspect: (place: TopicPartition, untilPosition: number) => void;
  readonly isSuspect: (place: TopicPartition, position: number) => boolean;
  readonly clear: (place: TopicPartition) => void;
  /** Every event up to this position is acknowledged, or known to be rejected. */
  readonly passed: (position: number) => void;
  readonly isAny: () => boolean;
}

/** Makes the list, without any suspects. */
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
