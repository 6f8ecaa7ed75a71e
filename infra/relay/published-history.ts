/**
 * Whether what Kafka holds is this store's history: a pure decision over the ends of all partitions. One record that somebody
 * put there decides nothing; what it can't be is passed by, and consumers set it aside by themselves.
 */
import type { PlaceRefusal } from '../consumption/intake/intake';
import { partitionMap, partitionName } from '../topic-partition';

/** A record at the end of a partition that can be read as an event, in the order of offsets. */
export interface EndRecord {
  readonly topic: string;
  readonly partition: number;
  readonly id: string;
  readonly position: number;
  /** Undefined where it is an event of this store in its place. */
  readonly refused: PlaceRefusal | undefined;
}

/** Why the relay may not publish. */
export type HistoryCause = 'store-behind' | 'other-store';

export interface HistoryRefusal {
  readonly cause: HistoryCause;
  readonly reason: string;
}

export interface HistoryState {
  readonly storeId: string;
  readonly lastPosition: number;
  /** Up to where the relay's own file says that Kafka has acknowledged. */
  readonly cursor: number;
  readonly records: ReadonlyArray<EndRecord>;
}

/** Ways out of a store that is older than what others know of it. */
export const storeBehindWays =
  "Restore the newest store; or start a new history from this one: 'npx tidemark store new-history' shows the plan. " +
  "'npx tidemark store' shows how far each stage has come";

const otherStoreWays =
  "Start on topics of its own with another KAFKA_TOPIC_PREFIX; where the topics were this store's under an id that it had " +
  "before, 'npx tidemark store new-history' shows the plan";

/** Undefined where publishing may go on. */
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

/** So few records may have been put there by mistake. */
const MIN_RECORDS = 10;

/** A single record may also have been put there by somebody who knows the store's id. */
const forgedWay =
  '. Where no backup was restored, somebody else has put that record there: stop the relay, and ' +
  "'npx tidemark verify --log --repair --recreate-topics' makes the topic anew from the store";

/**
 * The records that a newer state of this store has published stand at the ends, after everything that this state knows, and
 * begin with its next position. A single record elsewhere is not enough: whoever knows the store's id can forge one.
 */
const behind = ({ storeId, lastPosition, records }: HistoryState): HistoryRefusal | undefined => {
  const tail = unknownTail(records);
  const [first] = [...tail].sort((left, right) => left.position - right.position);
  if (first === undefined || (tail.length < 2 && first.position !== lastPosition + 1)) return undefined;
  return {
    cause: 'store-behind',
    reason:
      `${partitionName(first)} holds ${first.id} at position ${first.position}, but the store (${storeId}) ends at ${lastPosition} and does not have it: the ` +
      `store is older than the log (a restored backup?), and going on would give positions away twice. ${storeBehindWays}${tail.length === 1 ? forgedWay : ''}`,
  };
};

/** What is in its place but unknown to the store, behind the last accepted record of its partition and above its position. */
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
