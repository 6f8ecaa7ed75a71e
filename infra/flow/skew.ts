/** How unevenly the partitions of a topic are filled. Pure. */
import type { FlowSample } from './flow-sample';

/** The key with the largest share of a topic's records over the last minutes. */
export interface HottestKey {
  readonly key: string;
  /** In [0, 1]; a lower bound. */
  readonly share: number;
}

/** The hottest key of each topic, as the groups that read it have counted. */
export const hottestKeyByTopic = (sample: FlowSample | undefined): ReadonlyMap<string, HottestKey> => {
  const hottest = new Map<string, HottestKey>();
  for (const { topic, records, keys } of (sample?.groups ?? []).flatMap(({ hottestKeys = [] }) => hottestKeys)) {
    const [first] = keys;
    if (first === undefined || records === 0) continue;
    const share = first.atLeast / records;
    if (share > (hottest.get(topic)?.share ?? -1)) hottest.set(topic, { key: first.key, share });
  }
  return hottest;
};

/** Records over which the skew of the last minute means something. */
const MIN_SKEW_RECORDS = 100;

/**
 * The busiest partition of each topic against the mean, from the ends of the log that groups have seen; 1 is even. Over the samples,
 * or over the whole log while little comes.
 */
export const skewByTopic = (samples: ReadonlyArray<FlowSample>): ReadonlyMap<string, number> => {
  const recent = recentSkewByTopic(samples);
  return new Map([...logEnds(samples.at(-1))].map(([topic, ends]) => [topic, recent.get(topic) ?? maxToMean(ends)]));
};

/** The same over the samples alone; without the topics that too little has come to. */
export const recentSkewByTopic = (samples: ReadonlyArray<FlowSample>): ReadonlyMap<string, number> => {
  const then = logEnds(samples[0]);
  const skews = new Map<string, number>();
  for (const [topic, ends] of logEnds(samples.at(-1))) {
    const before = then.get(topic);
    const added = new Map([...ends].map(([partition, end]) => [partition, end - (before?.get(partition) ?? end)]));
    if (sumOf(added) >= MIN_SKEW_RECORDS) skews.set(topic, maxToMean(added));
  }
  return skews;
};

const sumOf = (counts: ReadonlyMap<number, number>): number =>
  [...counts.values()].reduce((sum, each) => sum + each, 0);

const maxToMean = (counts: ReadonlyMap<number, number>): number => {
  const sum = sumOf(counts);
  return sum < MIN_SKEW_RECORDS ? 1 : (Math.max(...counts.values()) * counts.size) / sum;
};

const logEnds = (sample: FlowSample | undefined): ReadonlyMap<string, ReadonlyMap<number, number>> => {
  const ends = new Map<string, Map<number, number>>();
  for (const { topic, partition, logEndOffset } of (sample?.groups ?? []).flatMap(({ partitions }) => partitions)) {
    if (logEndOffset === null) continue;
    const own = ends.get(topic) ?? new Map<number, number>();
    own.set(partition, Math.max(own.get(partition) ?? 0, logEndOffset));
    ends.set(topic, own);
  }
  return ends;
};
