/** Where appends wait for their transaction, and where each gets its own answer. */
import * as E from 'fp-ts/Either';
import type { AppendFailure, EventStore, StoreUnavailable } from '../../domain/kernel/event-store';
import type { EventEnvelope } from '../../domain/kernel/recorded-event';
import { oversizedEventOf, prepareAppend, type PreparedAppend } from '../memory/prepared-append';
import { groupCommit } from './group-commit';
import { LeaseLost } from './lease';
import { storeUnavailable } from './store-unavailable';
import type { Settlement, WriteGroup } from './store-writer';

export interface AppendQueueOptions {
  readonly file: string;
  readonly queueLimit: number;
  readonly write: WriteGroup;
  /** Upper limit on the record that an event becomes; absent for the one that every program has. */
  readonly maxEventBytes?: number | undefined;
  /** Called once, when a transaction finds the lease gone. */
  readonly onLeaseLost: (reason: LeaseLost) => void;
}

/** Counts since this process opened the file. */
export interface AppendCounts {
  readonly queueLength: number;
  /** Transactions that committed, and the appends that they held. */
  readonly transactions: number;
  readonly appends: number;
  /** Transactions that the disk or the lease refused. */
  readonly failedTransactions: number;
  /** Why the last transaction failed; null where it went through. */
  readonly failure: string | null;
}

export interface AppendQueue {
  readonly append: EventStore['append'];
  readonly counts: () => AppendCounts;
  /** Commits what waits; from now on every append is answered that the store is closed. */
  readonly drain: () => void;
  /** Nothing can be written any more: what waits, and what comes, is answered with the reason. */
  readonly shut: (reason: LeaseLost) => void;
}

interface Waiting {
  readonly append: PreparedAppend;
  readonly settle: (settlement: Settlement) => void;
}

/** A group ends at so many events, so that a burst does not hold up the event loop for long. */
const GROUP_EVENTS = 1_000;

/** The queue before a writer. */
export const appendQueue = ({
  file,
  queueLimit,
  write,
  maxEventBytes,
  onLeaseLost,
}: AppendQueueOptions): AppendQueue => {
  let shutReason: StoreUnavailable | undefined;
  let failure: string | null = null;
  const counted = { transactions: 0, appends: 0, failedTransactions: 0 };

  const refuse = (group: ReadonlyArray<Waiting>, reason: StoreUnavailable): void => {
    for (const waiting of group) waiting.settle({ _tag: 'Answered', answer: E.left(reason) });
  };

  const commit = (group: ReadonlyArray<Waiting>): void => {
    if (shutReason !== undefined) {
      refuse(group, shutReason);
      return;
    }
    let settlements: ReadonlyArray<Settlement>;
    try {
      settlements = write(group.map(({ append }) => append));
    } catch (error) {
      refuse(group, refused(error));
      return;
    }
    failure = null;
    counted.transactions += 1;
    counted.appends += group.length;
    settlements.forEach((settlement, index) => group[index]?.settle(settlement));
  };

  const refused = (error: unknown): StoreUnavailable => {
    const reason = storeUnavailable(file, error);
    counted.failedTransactions += 1;
    failure = reason.reason;
    if (error instanceof LeaseLost) {
      shutReason = reason;
      onLeaseLost(error);
    }
    return reason;
  };

  const groups = groupCommit<Waiting>({
    queueLimit,
    weightOf: ({ append }) => append.eventCount,
    groupWeight: GROUP_EVENTS,
    commit,
  });

  return {
    append: (append) => async () => {
      const prepared = prepareAppend(append);
      const oversized = oversizedEventOf(prepared, maxEventBytes);
      if (oversized !== undefined) return E.left(oversized);
      if (shutReason !== undefined) return E.left(shutReason);
      return new Promise<E.Either<AppendFailure, ReadonlyArray<EventEnvelope>>>((resolve, reject) => {
        if (!groups.enqueue({ append: prepared, settle: settling(resolve, reject) }))
          resolve(E.left({ _tag: 'StoreOverloaded' }));
      });
    },
    counts: () => ({ queueLength: groups.waiting(), ...counted, failure }),
    drain: () => {
      groups.flush();
      shutReason ??= storeUnavailable(file, 'the store is closed');
    },
    shut: (reason) => {
      shutReason ??= storeUnavailable(file, reason);
      groups.flush();
    },
  };
};

const settling =
  (
    resolve: (answer: Extract<Settlement, { readonly _tag: 'Answered' }>['answer']) => void,
    reject: (error: Error) => void,
  ) =>
  (settlement: Settlement): void => {
    if (settlement._tag === 'Answered') resolve(settlement.answer);
    else reject(settlement.error);
  };
