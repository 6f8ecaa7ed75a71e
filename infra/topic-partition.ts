/** A partition of a topic: what records come from, what checkpoints count in, what faults hold back. */

export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

/** The partition as people read it; the same text is its key where only texts are kept. */
export const partitionName = ({ topic, partition }: TopicPartition): string => `${topic}/${partition}`;

/** Whether both are the same partition. */
export const isSamePartition = (left: TopicPartition, right: TopicPartition): boolean =>
  left.partition === right.partition && left.topic === right.topic;

/**
 * Finds the one of a partition among a few. Records of one partition come in runs, so that the last one found is usually the
 * next one too.
 */
export const partitionFinder = <Each extends TopicPartition>(
  all: ReadonlyArray<Each>,
): ((at: TopicPartition) => Each | undefined) => {
  let [last] = all;
  return (at) => {
    if (last === undefined || !isSamePartition(last, at)) last = all.find((each) => isSamePartition(each, at));
    return last;
  };
};

/** What is known of partitions, by partition. */
export interface ReadonlyPartitionMap<Value> {
  readonly size: number;
  readonly get: (at: TopicPartition) => Value | undefined;
  readonly has: (at: TopicPartition) => boolean;
  /** In the order in which the partitions were first set. */
  readonly values: () => ReadonlyArray<Value>;
  /** With the partitions as people read them, in the same order. */
  readonly named: () => ReadonlyArray<readonly [name: string, value: Value]>;
}

/** The same, and it can be changed. */
export interface PartitionMap<Value> extends ReadonlyPartitionMap<Value> {
  readonly set: (at: TopicPartition, value: Value) => void;
  readonly delete: (at: TopicPartition) => void;
}

/** Starts with a value for each of these partitions. */
export const partitionMap = <Value>(
  entries: Iterable<readonly [at: TopicPartition, value: Value]> = [],
): PartitionMap<Value> => {
  const values = new Map<string, Value>();
  for (const [at, value] of entries) values.set(partitionName(at), value);
  return {
    get size() {
      return values.size;
    },
    get: (at) => values.get(partitionName(at)),
    has: (at) => values.has(partitionName(at)),
    values: () => [...values.values()],
    named: () => [...values],
    set: (at, value) => void values.set(partitionName(at), value),
    delete: (at) => void values.delete(partitionName(at)),
  };
};

/** A map of things that say themselves where they stand. */
export const byPartition = <Value extends TopicPartition>(each: Iterable<Value>): PartitionMap<Value> => {
  const map = partitionMap<Value>();
  for (const value of each) map.set(value, value);
  return map;
};
