/**
 * Transactions that need facts of the store. A transaction is synchronous and reading the store is not, so the facts are read
 * before it begins. Where more turns out to be needed, the transaction is rolled back, the rest is read too, and it runs again;
 * stored events never change, so facts that were read stay valid.
 */
import * as E from 'fp-ts/Either';
import type { EventFeed, StoreIdentity } from '../../event-store/event-feed';
import { claimedPosition } from '../../kafka/claimed-position';
import { readCloudEvent } from '../../kafka/cloud-events';
import type { LogRecord } from '../../kafka/event-log';
import { FactMissing, knownFacts, type StoreFactsWithStreams } from './store-facts';

export interface TransactionFacts {
  /** The facts for the running transaction; outside of one only `identity` is available, once the first has run. */
  readonly store: () => StoreFactsWithStreams;
  /**
   * Runs work in a transaction, and again where it needs more of the store than was read; `transaction` rolls back where its work
   * throws. With records, the events at their positions are read ahead in one call.
   */
  readonly during: <Result>(
    transaction: (work: () => Result) => Result | Promise<Result>,
    work: () => Result,
    records?: Iterable<LogRecord>,
  ) => Promise<Result>;
}

/** Upper limit against an endless loop; each attempt knows at least one more fact, and no transaction needs as many. */
const MAX_ATTEMPTS = 1_000;

/** Makes the facts of transactions; the store is opened by the first transaction. */
export const transactionFacts = (open: () => Promise<EventFeed>): TransactionFacts => {
  let identity: StoreIdentity | undefined;
  let active: StoreFactsWithStreams | undefined;
  const outside: StoreFactsWithStreams = {
    get identity() {
      if (identity === undefined) throw new Error('the store was not opened yet');
      return identity;
    },
    eventAt: () => notHere('eventAt'),
    lastPosition: () => notHere('lastPosition'),
    readStream: () => notHere('readStream'),
  };
  return {
    store: () => active ?? outside,
    during: async (transaction, work, records) => {
      const feed = await open();
      ({ identity } = feed);
      const known = knownFacts(feed);
      const facts: StoreFactsWithStreams = { ...known.facts, identity: feed.identity };
      if (records !== undefined) await known.readPositions(positionsOf(records, claimedPosition));
      let isExact = records === undefined;
      for (let attempts = 1; ; attempts += 1) {
        try {
          return await transaction(() => {
            active = facts;
            try {
              return known.facts.settled(work);
            } finally {
              active = undefined;
            }
          });
        } catch (error) {
          if (!(error instanceof FactMissing) || attempts >= MAX_ATTEMPTS) throw error;
        }
        // The position guessed from the raw record can be wrong where another program wrote it, so the records are parsed now.
        if (!isExact && records !== undefined) await known.readPositions(positionsOf(records, positionIn));
        isExact = true;
        await known.readWanted();
      }
    },
  };
};

const notHere = (name: string): never => {
  throw new Error(`${name} of the store was called outside of a transaction`);
};

const positionsOf = (
  records: Iterable<LogRecord>,
  positionOf: (record: LogRecord) => number | undefined,
): ReadonlyArray<number> => {
  const positions: number[] = [];
  for (const record of records) {
    const position = positionOf(record);
    if (position !== undefined) positions.push(position);
  }
  return positions;
};

const positionIn = (record: LogRecord): number | undefined => {
  const received = readCloudEvent(record);
  return E.isLeft(received) ? undefined : received.right.envelope.position;
};
