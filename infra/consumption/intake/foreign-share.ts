/**
 * Distinguishes a few foreign records in the log from a log that is not this store's: where too many recent records were
 * dead-lettered as foreign or misplaced, the group halts instead of skipping all the rest.
 */
import { EngineFault } from '../../engine-fault';
import type { Failure } from './failures';

/** The topics contain another history, wholly or in part: an operator has to decide. */
export class NotThisLog extends EngineFault {
  override readonly name = 'NotThisLog';
}

/** The number of most recent records that the limits refer to. */
export const RECENT_RECORDS = 1_000;
/** This many foreign records halt the group, whatever their share. */
export const MAX_FOREIGN_RECORDS = 100;
/** Fewer than these never do. */
export const MIN_FOREIGN_RECORDS = 25;
/** A larger share of foreign records than this halts the group. */
export const MAX_FOREIGN_SHARE = 0.25;

/** The number of records in a batch, and of the foreign ones among them. */
export interface BatchShare {
  readonly records: number;
  readonly foreign: number;
  readonly latest: { readonly failure: Failure; readonly topic: string } | undefined;
}

export interface ForeignShare {
  /** Counts a batch. Throws {@link NotThisLog} where it exceeds a limit, and does not count it then. */
  readonly note: (batch: BatchShare) => void;
}

/** The share of a consumer that has not read anything yet. */
export const foreignShare = (storeId: () => string): ForeignShare => {
  /** The latest batches, oldest first. */
  const recent: BatchShare[] = [];
  let records = 0;
  let foreign = 0;
  const add = (batch: BatchShare, sign: 1 | -1): void => {
    records += sign * batch.records;
    foreign += sign * batch.foreign;
  };
  return {
    note: (batch) => {
      if (batch.records === 0) return;
      add(batch, 1);
      const isTooMany = foreign >= MIN_FOREIGN_RECORDS && foreign > MAX_FOREIGN_SHARE * records;
      if (batch.latest !== undefined && (isTooMany || foreign >= MAX_FOREIGN_RECORDS)) {
        const reason = reasonOf(foreign, records, batch.latest, storeId());
        add(batch, -1);
        throw new NotThisLog(reason);
      }
      recent.push(batch);
      while (recent.length > 1 && records - (recent[0]?.records ?? 0) >= RECENT_RECORDS) {
        const oldest = recent.shift();
        if (oldest !== undefined) add(oldest, -1);
      }
    },
  };
};

const reasonOf = (
  foreign: number,
  records: number,
  { failure, topic }: NonNullable<BatchShare['latest']>,
  storeId: string,
): string =>
  `${foreign} of the last ${records} records are not events of this store (${storeId}) in their place; the latest, in ` +
  `${topic}: ${failure.reason}. None of them was applied. If another installation writes to these topics, or they belong to ` +
  "another store, give this one its own topics: stop it, and follow 'npx tidemark store new-history' with another " +
  "KAFKA_TOPIC_PREFIX. If the records are known and unwanted, move the group past them: 'npx tidemark offsets'";
