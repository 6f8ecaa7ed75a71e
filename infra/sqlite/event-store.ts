/** The event store in SQLite: durable (synchronous=FULL), grouped commits, one writing process. */
import { statSync } from 'node:fs';
import * as E from 'fp-ts/Either';
import type { TaskEither } from 'fp-ts/TaskEither';
import type { EventStore, StoreUnavailable } from '../../domain/kernel/event-store';
import { isoTime, type Clock } from '../clock';
import type { NewOperationRequest, OperationRequest, OperationRequestWriter } from '../commands/operation-requests';
import type { SnapshotStore } from '../commands/snapshots';
import { checkPage } from '../event-store/append-rules';
import { appendQueue, type AppendCounts } from './append-queue';
import { checkpointAndClose, type Database } from './database';
import { eventQueries } from './event-queries';
import type { Lease, LeaseLost } from './lease';
import { openLeasedDatabase, writeUnderLease } from './leased-database';
import { reactorTokenReader } from './reactor-token';
import { rememberedAnswers, type RememberedAnswers } from './remembered-answers';
import { snapshotStore } from './snapshots';
import type { StoreIdentity } from '../event-store/event-feed';
import { ensureStoreIdentity } from './store-identity';
import { storeMigrations } from './store-migrations';
import { storeStatements, type StoreStatements } from './store-statements';
import { storeUnavailable } from './store-unavailable';
import { storeWriter } from './store-writer';

export interface EventStoreOptions {
  readonly file: string;
  readonly clock: Clock;
  /** Appends that may wait for the disk before new ones are answered StoreOverloaded. */
  readonly appendQueueLimit: number;
  /** Upper limit on the record that an event becomes; absent for the one that every program has. */
  readonly maxEventBytes?: number;
  /** How long a writer that no longer renews its lease keeps a successor out. */
  readonly leaseTtlMs: number;
  /** Called once when another process has taken the file over: end this one, it can't write any more. */
  readonly onLeaseLost: (reason: LeaseLost) => void;
  /** How long answers to clients are remembered; absent for ever. What reactors were answered never expires. */
  readonly answerTtlMs?: number;
  /** Gives up waiting for the lease. */
  readonly signal?: AbortSignal;
  /** Called once when another process holds the lease, with its name. */
  readonly onWaiting?: (owner: string) => void;
  /** Called when the file cannot be opened for a reason that should pass; it is tried again. */
  readonly onFault?: (reason: string) => void;
}

/** How the store's writer stands. */
export interface EventStoreStatus extends AppendCounts {
  readonly queueLimit: number;
  readonly leaseEpoch: number;
  /** Whether the lease was renewed in time, as far as this process can tell. */
  readonly leaseFresh: boolean;
  /** Bytes in the write-ahead log: growth without end means that some reader keeps a page open. */
  readonly walBytes: number;
}

export interface SqliteEventStore extends EventStore, OperationRequestWriter {
  readonly status: () => EventStoreStatus;
  readonly identity: StoreIdentity;
  readonly snapshots: SnapshotStore;
  /** What this installation's reactors show with their commands. */
  readonly reactorToken: () => string;
  /** Removes a few answers that have expired, in a transaction of its own; returns how many. Throws what SQLite throws. */
  readonly removeExpiredAnswers: () => number;
  /** Commits what waits, lets the next writer in, and folds the log into the file. */
  readonly close: () => Promise<void>;
}

/** Waits for the lease, brings the schema up to date, and opens the store. */
export const openSqliteEventStore = async (options: EventStoreOptions): Promise<SqliteEventStore> => {
  let told = false;
  let shut: (reason: LeaseLost) => void = () => {};
  const onLost = (reason: LeaseLost): void => {
    shut(reason);
    if (told) return;
    told = true;
    options.onLeaseLost(reason);
  };
  const { database, lease } = await openLeasedDatabase({
    ...options,
    synchronous: 'FULL',
    migrations: storeMigrations,
    ttlMs: options.leaseTtlMs,
    onLost,
  });
  const identity = ensureStoreIdentity(database, options.clock);
  const statements = storeStatements(database);
  const answers = rememberedAnswers(database, options.clock, options.answerTtlMs);
  const underLease = writeUnderLease({ database, lease });
  const queue = appendQueue({
    file: options.file,
    clock: options.clock,
    queueLimit: options.appendQueueLimit,
    maxEventBytes: options.maxEventBytes,
    write: storeWriter(database, statements, lease, options.clock, answers),
    onLeaseLost: onLost,
  });
  shut = queue.shut;
  return {
    identity,
    append: queue.append,
    ...reading(options.file, database, lease, answers),
    ...requestSubmission(database, statements, lease, options.clock),
    snapshots: snapshotStore(database, lease),
    reactorToken: reactorTokenReader(database),
    removeExpiredAnswers: () => underLease(answers.removeExpired),
    status: () => ({
      ...queue.counts(),
      failure: failureOf(options.file, queue.counts(), lease),
      queueLimit: options.appendQueueLimit,
      leaseEpoch: lease.epoch,
      leaseFresh: lease.isFresh(),
      walBytes: statSync(`${options.file}-wal`, { throwIfNoEntry: false })?.size ?? 0,
    }),
    close: async () => {
      await queue.drain();
      lease.release();
      checkpointAndClose(database);
    },
  };
};

/** What stands against an append now: without appends nothing else would tell that a fault has passed. */
const failureOf = (file: string, { failure, failedAtMs }: AppendCounts, lease: Lease): string | null => {
  try {
    lease.assertInPlace();
  } catch (error) {
    return storeUnavailable(file, error).reason;
  }
  return lease.renewedAtMs() > failedAtMs ? null : failure;
};

const reading = (
  file: string,
  database: Database,
  lease: Lease,
  answers: RememberedAnswers,
): Omit<EventStore, 'append'> => {
  const queries = eventQueries(database);
  const attempt =
    <Result>(read: () => Result): TaskEither<StoreUnavailable, Result> =>
    () =>
      Promise.resolve(
        E.tryCatch(
          () => {
            lease.assertInPlace();
            return read();
          },
          (error) => storeUnavailable(file, error),
        ),
      );
  return {
    readStream: (stream, page) => {
      checkPage(page.afterVersion, page.limit);
      return attempt(() => queries.readStream(stream, page));
    },
    readAll: (page) => {
      checkPage(page.afterPosition, page.limit);
      return attempt(() => queries.readAll(page));
    },
    positionOf: (eventId) => attempt(() => queries.positionOf(eventId)),
    lastPosition: () => attempt(queries.lastPosition),
    findOutcome: (key) => attempt(() => answers.find(key)),
  };
};

const requestSubmission = (
  database: Database,
  statements: StoreStatements,
  lease: Lease,
  clock: Clock,
): OperationRequestWriter => {
  const insert = ({ kind, body, actor }: NewOperationRequest): OperationRequest => {
    const requestedAtMs = clock.nowMs();
    const { lastInsertRowid } = statements.insertRequest.run(kind, body, requestedAtMs, actor);
    return { id: Number(lastInsertRowid), kind, body, requestedAt: isoTime(requestedAtMs), actor };
  };
  const underLease = writeUnderLease({ database, lease });
  const submitAll: OperationRequestWriter['submitAll'] = (requests) => underLease(() => requests.map(insert));
  return {
    submitAll,
    submit: (request) => {
      const [submitted] = submitAll([request]);
      if (submitted === undefined) throw new Error('a request that is submitted is answered');
      return submitted;
    },
  };
};
