/** How the events of a topic spread over its partitions: as they are, and as another count or key would have it. */
import { partitionOf } from './murmur2';

export interface KeyLoad {
  readonly key: string;
  readonly events: number;
  readonly partition: number;
}

export interface PartitionLoad {
  readonly partitions: number;
  readonly events: number;
  readonly keys: number;
  /** Events by partition. */
  readonly load: ReadonlyArray<number>;
  /** The fullest partition against the mean; 1 is even. */
  readonly maxToMean: number;
  /** The keys with most events, most first. */
  readonly hottest: ReadonlyArray<KeyLoad>;
  /** Streams whose events would stand in several partitions, and lose their order. */
  readonly splitStreams: number;
}

/** Counts the events of one topic under one key. */
export interface LoadCount {
  readonly add: (stream: string, key: string) => void;
  /** The load over so many partitions. */
  readonly over: (partitions: number) => PartitionLoad;
}

const HOTTEST_KEYS = 5;

/** Starts at nothing; memory grows with the keys, not with the events. */
export const loadCount = (): LoadCount => {
  const byKey = new Map<string, number>();
  // Only a stream that was seen with several keys can be split.
  const keysOf = new Map<string, string | Set<string>>();
  const add = (stream: string, key: string): void => {
    byKey.set(key, (byKey.get(key) ?? 0) + 1);
    const known = keysOf.get(stream);
    if (known === undefined) keysOf.set(stream, key);
    else if (typeof known !== 'string') known.add(key);
    else if (known !== key) keysOf.set(stream, new Set([known, key]));
  };
  const over = (partitions: number): PartitionLoad => {
    const load = Array.from({ length: partitions }, () => 0);
    const keys = [...byKey].map(([key, events]) => ({ key, events, partition: partitionOf(key, partitions) }));
    for (const { events, partition } of keys) load[partition] = (load[partition] ?? 0) + events;
    const events = load.reduce((sum, each) => sum + each, 0);
    const hottest = keys.sort((left, right) => right.events - left.events || (left.key < right.key ? -1 : 1));
    const isSplit = (of: string | Set<string>): boolean =>
      typeof of !== 'string' && new Set([...of].map((key) => partitionOf(key, partitions))).size > 1;
    return {
      partitions,
      events,
      keys: byKey.size,
      load,
      maxToMean: events === 0 ? 1 : (Math.max(...load) * partitions) / events,
      hottest: hottest.slice(0, HOTTEST_KEYS),
      splitStreams: [...keysOf.values()].filter(isSplit).length,
    };
  };
  return { add, over };
};
