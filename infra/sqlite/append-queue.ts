/**
 * Where appends wait for their transaction, and where each gets its own answer. Those that wait together share one transaction
 * and one fsync: what queues up during a turn of the event loop is committed at its end, so a lone caller waits for nobody and
 * many callers wait for one disk write. Where another connection holds the file's write lock, what waits goes on waiting, and
 * the event loop does not.
 */
import * as E from 'fp-ts/Either';
import type { AppendFailure, EventStore, StoreUnavailable } from '../../domain/kernel/event-store';
import type { EventEnvelope } from '../../domain/kernel/recorded-event';
import { oversizedEventOf, prepareAppend, type PreparedAppend } from '../event-store/append-rules';
import type { Clock } from '../clock';
import { isBusy } from '../storage-fault';
import { LeaseLost } from './lease';
import { storeUnavailable } from './store-unavailable';
import type { Settlement, WriteGroup } from './store-writer';

export interface AppendQueueOptions {
  readonly file: string;
  readonly clock: Clock;
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
  /** When it failed, by the clock that never goes back; 0 for never. */
  readonly failedAtMs: number;
}

export interface AppendQueue {
  readonly append: EventStore['append'];
  readonly counts: () => AppendCounts;
  /** Commits what waits; from now on every append is answered that the store is closed. */
  readonly drain: () => Promise<void>;
  /** Nothing can be written any more: what waits, and what comes, is answered with the reason. */
  readonly shut: (reason: LeaseLost) => void;
}

interface Waiting {
  readonly append: PreparedAppend;
  readonly askedAtMs: number;
  readonly settle: (settlement: Settlement) => void;
}

/** A group ends at so many events, so that a burst does not hold up the event loop for long. */
const GROUP_EVENTS = 1_000;
/** How long an append waits for a write lock that another connection holds. */
const LOCK_WAIT_MS = 5_000;
const DRAIN_POLL_MS = 20;

const refuse = (group: ReadonlyArray<Waiting>, reason: StoreUnavailable): void => {
  for (const waiting of group) waiting.settle({ _tag: 'Answered', answer: E.left(reason) });
};

const partedByAge = (
  group: ReadonlyArray<Waiting>,
  clock: Clock,
): readonly [late: ReadonlyArray<Waiting>, others: ReadonlyArray<Waiting>] => {
  const isLate = ({ askedAtMs }: Waiting): boolean => clock.monotonicMs() - askedAtMs >= LOCK_WAIT_MS;
  return [group.filter(isLate), group.filter((waiting) => !isLate(waiting))];
};

/** The queue before a writer. */
export const appendQueue = (options: AppendQueueOptions): AppendQueue => {
  const { file, queueLimit, write, maxEventBytes, clock, onLeaseLost } = options;
  let shutReason: StoreUnavailable | undefined;
  let isDraining = false;
  let failure: string | null = null;
  let failedAtMs = 0;
  const counted = { transactions: 0, appends: 0, failedTransactions: 0 };

  const commit = (group: ReadonlyArray<Waiting>): ReadonlyArray<Waiting> => {
    if (shutReason !== undefined) {
      refuse(group, shutReason);
      return [];
    }
    let settlements: ReadonlyArray<Settlement>;
    try {
      settlements = write(group.map(({ append }) => append));
    } catch (error) {
      // Only those that have waited too long for a lock are answered.
      const [late, others] = isBusy(error) ? partedByAge(group, clock) : [group, []];
      if (late.length > 0) refuse(late, refused(error));
      return others;
    }
    failure = null;
    counted.transactions += 1;
    counted.appends += group.length;
    settlements.forEach((settlement, index) => group[index]?.settle(settlement));
    return [];
  };

  const refused = (error: unknown): StoreUnavailable => {
    const reason = storeUnavailable(file, error);
    counted.failedTransactions += 1;
    failure = reason.reason;
    failedAtMs = clock.monotonicMs();
    if (error instanceof LeaseLost) {
      shutReason = reason;
      onLeaseLost(error);
    }
    return reason;
  };

  const groups = groupCommit({ queueLimit, commit });

  return {
    append: (append) => async () => {
      const prepared = prepareAppend(append);
      const oversized = oversizedEventOf(prepared, maxEventBytes);
      if (oversized !== undefined) return E.left(oversized);
      if (shutReason !== undefined) return E.left(shutReason);
      if (isDraining) return E.left(closed(file));
      return new Promise<E.Either<AppendFailure, ReadonlyArray<EventEnvelope>>>((resolve, reject) => {
        const waiting = { append: prepared, askedAtMs: clock.monotonicMs(), settle: settling(resolve, reject) };
        if (!groups.enqueue(waiting)) resolve(E.left({ _tag: 'StoreOverloaded' }));
      });
    },
    counts: () => ({ queueLength: groups.waiting(), ...counted, failure, failedAtMs }),
    drain: async () => {
      isDraining = true;
      while (!groups.flush()) await clock.sleep(DRAIN_POLL_MS);
      shutReason ??= closed(file);
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

const closed = (file: string): StoreUnavailable => storeUnavailable(file, 'the store is closed');

// -------------------------------------------------------------------------------------
// Groups
// -------------------------------------------------------------------------------------

interface GroupCommitOptions {
  /** How many items may wait. */
  readonly queueLimit: number;
  /**
   * Commits a group and answers its items; must not throw. Returns those that it has not answered, for the file is locked: they
   * are tried again in a moment.
   */
  readonly commit: (group: ReadonlyArray<Waiting>) => ReadonlyArray<Waiting>;
}

interface GroupCommit {
  /** False, and nothing is queued, where too many wait. */
  readonly enqueue: (item: Waiting) => boolean;
  readonly waiting: () => number;
  /** Commits what waits, before it returns; false where the file is locked, and something still waits. */
  readonly flush: () => boolean;
}

/** How long after a locked file it is tried again. */
const LOCK_POLL_MS = 20;

/** A queue that commits by itself. */
const groupCommit = (options: GroupCommitOptions): GroupCommit => {
  let queue: Waiting[] = [];
  let scheduled = false;

  const takeGroup = (): ReadonlyArray<Waiting> => {
    let count = 0;
    let events = 0;
    for (const item of queue) {
      events += item.append.eventCount;
      // At least one, however large.
      if (events > GROUP_EVENTS && count > 0) break;
      count += 1;
    }
    const group = queue.slice(0, count);
    queue = queue.slice(count);
    return group;
  };

  // setImmediate runs after the turn's I/O and promises: whatever they append is in the group. A microtask would run
  // before most callers have got as far as their append.
  const schedule = (): void => {
    if (scheduled || queue.length === 0) return;
    scheduled = true;
    setImmediate(commitOne);
  };

  /** Whether the group is answered. */
  const commitGroup = (): boolean => {
    const unanswered = options.commit(takeGroup());
    if (unanswered.length > 0) queue = [...unanswered, ...queue];
    return unanswered.length === 0;
  };

  const commitOne = (): void => {
    scheduled = false;
    if (queue.length === 0 || commitGroup()) {
      schedule();
      return;
    }
    scheduled = true;
    setTimeout(commitOne, LOCK_POLL_MS);
  };

  return {
    enqueue: (item) => {
      if (queue.length >= options.queueLimit) return false;
      queue.push(item);
      schedule();
      return true;
    },
    waiting: () => queue.length,
    flush: () => {
      while (queue.length > 0) if (!commitGroup()) return false;
      return true;
    },
  };
};
