/**
 * Compares the events that a rebuild has applied with those of the store: in each partition all events up to the rebuild's
 * high-water position, by their number and a digest of their ids. Two generations can be wrong in the same way, but the
 * store is the source of truth.
 */
import { setImmediate as nextTick } from 'node:timers/promises';
import type { Catalog } from '../../../domain/kernel/aggregate';
import { categoryOf } from '../../../domain/kernel/recorded-event';
import type { Mark } from '../../../infra/consumption/checkpoints/checkpoints';
import {
  addDigest,
  digestText,
  emptyDigest,
  sameDigest,
  type IdentityDigest,
} from '../../../infra/consumption/intake/intake';
import { destinationOf } from '../../../infra/kafka/cloud-events';
import type { EventFeed } from '../../../infra/event-store/event-feed';
import { digestsByPlace, type PartitionDigest } from '../generations/generations';
import { byPartition, partitionName, type TopicPartition } from '../../../infra/topic-partition';

/** A partition of which the rebuild has applied other events than the store holds. */
export interface DifferingPartition {
  readonly partition: number;
  readonly events: number;
  readonly eventsInStore: number;
}

/** One topic of the proof. */
export interface TopicProof {
  readonly topic: string;
  /** How many events the rebuild has applied, and how many the store holds up to the same positions. */
  readonly events: number;
  readonly eventsInStore: number;
  readonly digest: string;
  readonly digestInStore: string;
  readonly equal: boolean;
  readonly differs: ReadonlyArray<DifferingPartition>;
}

/** The rebuild compared with the store. Plain JSON. */
export interface StoreProof {
  readonly equal: boolean;
  readonly topics: ReadonlyArray<TopicProof>;
}

export interface StoreProofOptions {
  readonly catalog: Catalog;
  readonly store: Pick<EventFeed, 'identities' | 'lastPosition'>;
  readonly topics: ReadonlySet<string>;
  /** The rebuild's high-water position in each partition. */
  readonly marks: ReadonlyArray<Mark>;
  readonly taken: ReadonlyArray<PartitionDigest>;
}

/** Events per page; after each page it yields to the event loop. */
const EVENTS_PER_PAGE = 5_000;
/** Upper limit on the streams whose partition is cached, so that a key is not hashed for each of its events. */
const MAX_PLACES = 20_000;

/** Reads the store once, in pages, in bounded memory. */
export const compareWithStore = async (options: StoreProofOptions): Promise<StoreProof> => {
  const { store, topics, taken } = options;
  const marks = byPartition(options.marks);
  const ownMarks = options.marks.filter(({ topic }) => topics.has(topic)).map((each) => each.highWaterPosition);
  // A high-water position may be beyond the store's end if a foreign record claimed a position that the store never assigned.
  const last = Math.min(await store.lastPosition(), Math.max(0, ...ownMarks));
  const stored = digestsByPlace();
  const placeOf = placeFinder(options);
  for (let position = 0; position < last;) {
    const untilPosition = Math.min(last, position + EVENTS_PER_PAGE);
    for (const event of await store.identities({ afterPosition: position, untilPosition })) {
      const place = placeOf(event.stream);
      if (place !== undefined && event.position <= (marks.get(place)?.highWaterPosition ?? 0)) stored.add(place, event);
    }
    position = untilPosition;
    await nextTick();
  }
  const proofs = [...topics].sort().map((topic) => topicProof(topic, taken, stored.all()));
  return { equal: proofs.every(({ equal }) => equal), topics: proofs };
};

const topicProof = (
  topic: string,
  taken: ReadonlyArray<PartitionDigest>,
  stored: ReadonlyArray<PartitionDigest>,
): TopicProof => {
  const mine = taken.filter((each) => each.topic === topic);
  const theirs = stored.filter((each) => each.topic === topic);
  const partitions = [...new Set([...mine, ...theirs].map(({ partition }) => partition))].sort((a, b) => a - b);
  const differs = partitions.flatMap((partition) => {
    const own = mine.find((each) => each.partition === partition) ?? emptyDigest();
    const other = theirs.find((each) => each.partition === partition) ?? emptyDigest();
    return sameDigest(own, other) ? [] : [{ partition, events: own.events, eventsInStore: other.events }];
  });
  const [sum, sumInStore] = [sumOf(mine), sumOf(theirs)];
  return {
    topic,
    events: sum.events,
    eventsInStore: sumInStore.events,
    digest: digestText(sum),
    digestInStore: digestText(sumInStore),
    equal: differs.length === 0,
    differs,
  };
};

const sumOf = (digests: ReadonlyArray<PartitionDigest>): IdentityDigest => {
  const sum = emptyDigest();
  for (const digest of digests) addDigest(sum, digest);
  return sum;
};

/** Returns a function that finds a stream's partition; undefined for a stream that the rebuild does not read, or whose aggregate is gone. */
const placeFinder = ({ catalog, topics }: StoreProofOptions): ((stream: string) => TopicPartition | undefined) => {
  const destination = destinationOf(catalog);
  const known = new Map<string, TopicPartition | undefined>();
  const find = (stream: string): TopicPartition | undefined => {
    const topic = catalog.byCategory(categoryOf(stream))?.topic.name;
    if (topic === undefined || !topics.has(topic)) return undefined;
    const { partition } = destination(stream);
    return { topic, partition };
  };
  return (stream) => {
    const place = known.get(stream);
    if (place !== undefined || known.has(stream)) return place;
    if (known.size >= MAX_PLACES) known.clear();
    const found = find(stream);
    known.set(stream, found);
    return found;
  };
};

/** The differences as a message, with what to do. */
export const storeDifferences = ({ topics }: StoreProof): string => {
  const parts = topics
    .filter(({ equal }) => !equal)
    .flatMap(({ topic, differs }) =>
      differs.map(
        ({ partition, events, eventsInStore }) =>
          `${partitionName({ topic, partition })}: ${events} events were applied, the store holds ${eventsInStore}` +
          (events === eventsInStore ? ', but they are not the same ones' : ''),
      ),
    );
  return (
    `the rebuild applied other events than the store holds (${parts.join('; ')}), so nothing was swapped: ` +
    "'tidemark verify --log' names the records that are missing, duplicated, foreign or misplaced, and " +
    "'tidemark rebuild --from store' rebuilds the rows from the store"
  );
};
