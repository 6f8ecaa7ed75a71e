/**
 * Whether Kafka contains this store's history: a pure decision from the last records of all partitions. A single foreign record
 * does not decide; it is skipped, and consumers dead-letter it.
 */
import type { PlaceRefusal } from '../consumption/intake/intake';
import { partitionMap, partitionName, type TopicPartition } from '../topic-partition';

/** One of the last records of a partition that is an event. */
export interface EndRecord extends TopicPartition {
  readonly id: string;
  readonly position: number;
  /** Undefined where it is an event of this store in its place. */
  readonly refused: PlaceRefusal | undefined;
}

/** Why the relay must not publish. */
export type HistoryCause = 'store-behind' | 'other-store';

export interface HistoryRefusal {
  readonly cause: HistoryCause;
  readonly reason: string;
}

export interface HistoryState {
  readonly storeId: string;
  readonly lastPosition: number;
  /** The position that Kafka has acknowledged, by the relay's own file. */
  readonly cursor: number;
  /** In the order of offsets within each partition. */
  readonly records: ReadonlyArray<EndRecord>;
}

/** What operators can do about a store that is older than its log or its readers. */
export const storeBehindWays =
  "Restore the newest store; or start a new history from this one: 'npx tidemark store new-history' shows the plan. " +
  "'npx tidemark store' shows the progress of each stage";

const otherStoreWays =
  'Start on separate topics with another KAFKA_TOPIC_PREFIX; if the topics belonged to this store under an earlier id, ' +
  "'npx tidemark store new-history' shows the plan";

/** Undefined where publishing may continue. */
export const historyRefusal = (state: HistoryState): HistoryRefusal | undefined => {
  const { storeId, lastPosition, cursor, records } = state;
  if (cursor > lastPosition) {
    return {
      cause: 'store-behind',
      reason: `Kafka has acknowledged everything up to position ${cursor}, but the store (${storeId}) ends at ${lastPosition}: the store is older than the log (a restored backup?). ${storeBehindWays}`,
    };
  }
  const own = records.filter(({ refused }) => refused === undefined);
  const foreign = records.filter(({ refused }) => refused?.class === 'foreign');
  const [first] = foreign;
  const isOthers = own.length === 0 || (foreign.length >= MIN_RECORDS && foreign.length > own.length);
  if (first?.refused !== undefined && isOthers) {
    return {
      cause: 'other-store',
      reason: `${partitionName(first)} holds ${first.id} at position ${first.position}: ${first.refused.reason}. The topics belong to another store: ${foreign.length} of the ${records.length} records at their ends. ${otherStoreWays}`,
    };
  }
  return behind(state);
};

/** Fewer foreign records than these can be a mistake. */
const MIN_RECORDS = 10;

/** What to do where the record is forged, by a program that knows the store's id. */
const forgedWay =
  '. If no backup was restored, another program has written that record: stop the relay, and ' +
  "'npx tidemark verify --log --repair --recreate-topics' recreates the topic from the store";

/**
 * Records that a newer state of this store has published are the last ones of their partitions, after all records that this state
 * has, and begin with its next position. A single record at another position is not enough, as it can be forged.
 */
const behind = ({ storeId, lastPosition, records }: HistoryState): HistoryRefusal | undefined => {
  const tail = unknownTail(records);
  const [first] = [...tail].sort((left, right) => left.position - right.position);
  if (first === undefined || (tail.length < 2 && first.position !== lastPosition + 1)) return undefined;
  return {
    cause: 'store-behind',
    reason:
      `${partitionName(first)} holds ${first.id} at position ${first.position}, but the store (${storeId}) ends at ${lastPosition} and does not have it: the ` +
      `store is older than the log (a restored backup?), and continuing would assign positions twice. ${storeBehindWays}${tail.length === 1 ? forgedWay : ''}`,
  };
};

/** Records in their place but unknown to the store, after the last accepted record of their partition and above its position. */
const unknownTail = (records: ReadonlyArray<EndRecord>): ReadonlyArray<EndRecord> => {
  const tails = partitionMap<{ highest: number; tail: EndRecord[] }>();
  for (const record of records) {
    const at = tails.get(record) ?? { highest: 0, tail: [] };
    tails.set(record, at);
    if (record.refused === undefined) {
      at.highest = Math.max(at.highest, record.position);
      at.tail = [];
    } else if (record.refused.isUnknown === true && record.position > at.highest) at.tail.push(record);
  }
  return tails.values().flatMap(({ tail }) => tail);
};
