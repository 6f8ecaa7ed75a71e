/** The load of a group over the last minutes: how long batches take, and which keys most of its records belong to. */
import type { Clock } from '../../clock';
import type { LogRecord } from '../../kafka/event-log';
import { quantileOf } from '../../quantile';
import type { GroupLoad } from '../status/status';
import { heavyHitters, type HeavyHitters } from './heavy-hitters';

/** Batches that are remembered, and those that say how long an event takes now. */
const WINDOW_BATCHES = 200;
const RECENT_BATCHES = 10;
/** Keys of a topic that are counted, and shown. */
const COUNTED_KEYS = 64;
const DISPLAY_KEYS = 5;
/** What came so long ago counts half. */
const HALF_LIFE_MS = 60_000;

export interface GroupLoadMeter {
  /** Notes a batch that was applied. */
  readonly noteBatch: (records: ReadonlyArray<LogRecord>, durationMs: number) => void;
  /** The load now; nothing before the first batch. */
  readonly load: () => Partial<GroupLoad>;
}

/** Nothing was noted yet. */
export const groupLoadMeter = (clock: Pick<Clock, 'monotonicMs'>): GroupLoadMeter => {
  const durations: number[] = [];
  let recent: ReadonlyArray<Batch> = [];
  const topics = new Map<string, HeavyHitters>();
  let batches = 0;
  let halvedAtMs = clock.monotonicMs();
  let shown: Partial<GroupLoad> | undefined = {};

  const keysOf = (topic: string): HeavyHitters => {
    const found = topics.get(topic) ?? heavyHitters(COUNTED_KEYS);
    topics.set(topic, found);
    return found;
  };

  const forgetSlowly = (): void => {
    const halvings = Math.floor((clock.monotonicMs() - halvedAtMs) / HALF_LIFE_MS);
    if (halvings === 0) return;
    halvedAtMs += halvings * HALF_LIFE_MS;
    for (const keys of topics.values()) for (let count = 0; count < Math.min(halvings, 60); count += 1) keys.halve();
  };

  return {
    noteBatch: (records, durationMs) => {
      forgetSlowly();
      durations[batches % WINDOW_BATCHES] = durationMs / 1_000;
      batches += 1;
      recent = [...recent.slice(1 - RECENT_BATCHES), { seconds: durationMs / 1_000, records: records.length }];
      for (const { topic, key } of records) if (key !== null) keysOf(topic).add(key.toString());
      shown = undefined;
    },
    load: () => (shown ??= loadOf(durations, recent, topics)),
  };
};

interface Batch {
  readonly seconds: number;
  readonly records: number;
}

const sumOf = (numbers: ReadonlyArray<number>): number => numbers.reduce((sum, each) => sum + each, 0);

const loadOf = (
  durations: ReadonlyArray<number>,
  recent: ReadonlyArray<Batch>,
  topics: ReadonlyMap<string, HeavyHitters>,
): GroupLoad => ({
  processing: {
    batches: durations.length,
    p50Seconds: quantileOf(durations, 0.5),
    p99Seconds: quantileOf(durations, 0.99),
    eventSeconds:
      sumOf(recent.map(({ seconds }) => seconds)) / Math.max(1, sumOf(recent.map(({ records }) => records))),
  },
  hottestKeys: [...topics].map(([topic, keys]) => ({
    topic,
    records: Math.round(keys.total()),
    keys: keys.top(DISPLAY_KEYS).map(({ key, count, error }) => ({
      key,
      records: Math.round(count),
      atLeast: Math.round(count - error),
    })),
  })),
});
