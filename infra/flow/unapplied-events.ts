/** What a group has not applied, found in the store: how many events of a partition, and when the oldest was recorded. */
import type { Catalog } from '../../domain/kernel/aggregate';
import { categoryOf } from '../../domain/kernel/recorded-event';
import { destinationOf, type Destination } from '../kafka/cloud-events';
import type { EventFeed } from '../event-store/event-feed';
import { partitionMap, type ReadonlyPartitionMap, type TopicPartition } from '../topic-partition';

export interface UnappliedQuery extends TopicPartition {
  readonly afterPosition: number;
  /** Left at the first event otherwise: only its age is wanted. */
  readonly isCounted: boolean;
}

export interface Unapplied {
  readonly events: number;
  /** Milliseconds since 1970; undefined where there is none. */
  readonly oldestAtMs: number | undefined;
}

export interface UnappliedOptions {
  readonly reader: Pick<EventFeed, 'identities'>;
  readonly catalog: Catalog;
  /** The last position that Kafka has acknowledged: what lies beyond it is the relay's to publish. */
  readonly untilPosition: number;
  readonly partitions: ReadonlyArray<UnappliedQuery>;
}

/** Upper limit on the events that are looked at from one position on: a look takes the thread of the API. */
const MAX_EVENTS = 1_000;
const CHUNK_EVENTS = 250;

/** Looks; of more than a thousand events the number is extrapolated. */
export const unappliedEvents = async (options: UnappliedOptions): Promise<ReadonlyPartitionMap<Unapplied>> => {
  const found = partitionMap<Unapplied>();
  const starts = new Set(options.partitions.map(({ afterPosition }) => afterPosition));
  for (const start of starts) {
    const queries = options.partitions.filter(({ afterPosition }) => afterPosition === start);
    const looked = await lookFrom(options, start, queries);
    for (const query of queries) found.set(query, looked.get(query) ?? nothing());
  }
  return found;
};

const nothing = (): { events: number; oldestAtMs: number | undefined } => ({ events: 0, oldestAtMs: undefined });

const lookFrom = async (
  { reader, catalog, untilPosition }: UnappliedOptions,
  start: number,
  queries: ReadonlyArray<UnappliedQuery>,
): Promise<ReadonlyPartitionMap<Unapplied>> => {
  const destination = destinationOf(catalog);
  const goesTo = (stream: string): Destination | undefined =>
    catalog.byCategory(categoryOf(stream)) === undefined ? undefined : destination(stream);
  const found = partitionMap(queries.map((query) => [query, nothing()]));
  const isCounted = queries.some((query) => query.isCounted);
  let reached = start;
  const isDone = (): boolean =>
    reached >= untilPosition ||
    reached - start >= MAX_EVENTS ||
    (!isCounted && found.values().every(({ events }) => events > 0));
  while (!isDone()) {
    const range = { afterPosition: reached, untilPosition: Math.min(reached + CHUNK_EVENTS, untilPosition) };
    for (const { stream, recordedAt } of await reader.identities(range)) {
      const to = goesTo(stream);
      const entry = to === undefined ? undefined : found.get(to);
      if (entry === undefined) continue;
      entry.events += 1;
      entry.oldestAtMs ??= Date.parse(recordedAt);
    }
    reached = range.untilPosition;
  }
  const scale = reached > start ? (untilPosition - start) / (reached - start) : 1;
  for (const entry of found.values()) entry.events = Math.round(entry.events * scale);
  return found;
};
