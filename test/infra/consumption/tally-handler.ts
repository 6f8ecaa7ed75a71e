/** A group whose effect is a count of each event in a table of its own, so that lost or duplicated events are visible. */
import type { Catalog } from '../../../domain/kernel/aggregate';
import type { RecordedEvent } from '../../../domain/kernel/recorded-event';
import { checkpointMigration, checkpointsOf } from '../../../infra/sqlite/consumer-file/checkpoints';
import type { BreakerPolicy } from '../../../infra/consumption/intake/failure-rate-limit';
import type { EventHandler } from '../../../infra/consumption/intake/event-handler';
import { defaultRetryPolicy, type HandlerResult, type RetryPolicy } from '../../../infra/consumption/intake/failures';
import type { GroupHandler } from '../../../infra/consumption/loop/group-handler';
import type { StoreFacts } from '../../../infra/consumption/intake/store-facts';
import { groupStatusMigration, groupStatusWriter } from '../../../infra/sqlite/consumer-file/group-status';
import {
  deadLetterCopyingMigration,
  deadLettersMigration,
  deadLetterStacksMigration,
} from '../../../infra/sqlite/consumer-file/dead-letters-schema';
import { failedRequestsMigration } from '../../../infra/sqlite/consumer-file/failed-requests';
import type { RedriveStep } from '../../../infra/dead-letters/redrive/process-requests';
import { deadLetterHandling, type DeadLetterHandling } from '../../../infra/dead-letters/redrive/dead-letter-handling';
import { openDatabase, type Database } from '../../../infra/sqlite/database';
import { offsetMovesMigration } from '../../../infra/sqlite/consumer-file/offset-moves';
import { consumerTables } from '../../../infra/sqlite/consumer-file/tables';
import type { EventReader } from '../../../infra/sqlite/event-feed';
import { recordedFacts } from '../../projections/views-fixture';
import { ownClock } from '../../support/test-clock';
import { NamedStorageFault } from '../../../infra/storage-fault';

export interface TallyOptions {
  /** The result of an event; `applied` counts it. */
  readonly handle?: (event: RecordedEvent) => HandlerResult;
  readonly retry?: RetryPolicy;
  readonly breakerPolicy?: BreakerPolicy;
}

export interface Tally extends GroupHandler {
  readonly database: Database;
  readonly failures: DeadLetterHandling;
  /** One step of a redrive. */
  readonly redrive: () => Promise<RedriveStep>;
  /** How often each event was applied, and in which order the events of each stream were. */
  readonly counts: () => ReadonlyMap<string, number>;
  /** The applied events, in the order of application. */
  readonly order: () => ReadonlyArray<string>;
  readonly unreadable: () => ReadonlyArray<{ readonly value: Buffer | null; readonly reason: string }>;
  /** Makes this many of the next batches fail, each after its effects and before its commit. */
  readonly failNext: (batches: number) => void;
}

/** Opens the tally's file, and creates it where it does not exist. */
export const tallyHandler = (
  file: string,
  catalog: Catalog,
  reader: Pick<EventReader, 'readAll' | 'readStream' | 'operationRequestsAfter'> & Partial<StoreFacts>,
  options: TallyOptions = {},
): Tally => {
  const group = 'tally';
  const database = openDatabase({
    file,
    synchronous: 'NORMAL',
    migrations: [
      checkpointMigration,
      groupStatusMigration,
      deadLettersMigration,
      deadLetterCopyingMigration,
      failedRequestsMigration,
      offsetMovesMigration,
      deadLetterStacksMigration,
      { name: 'tally', sql: 'CREATE TABLE tally (id TEXT PRIMARY KEY, count INTEGER NOT NULL) STRICT;' },
    ],
  });
  const topics = catalog.aggregates.map(({ topic }) => topic.name);
  const checkpoints = checkpointsOf(database);
  const failures = deadLetterHandling({
    ...options,
    tables: consumerTables(database, ownClock),
    catalog,
    store: () => ({ ...recordedFacts, ...reader }),
  });
  const { intake } = failures;
  const writeStatus = groupStatusWriter(database);
  const add = database.prepare<[string]>('INSERT INTO tally VALUES (?, 1) ON CONFLICT DO UPDATE SET count = count + 1');
  let faults = 0;
  const inTransaction = async <Result>(work: () => Result): Promise<Result> =>
    Promise.resolve(database.transaction(work).immediate());
  const failWhereAsked = (): void => {
    if (faults === 0) return;
    faults -= 1;
    throw new NamedStorageFault('busy', 'database is locked, says the test');
  };
  const to: EventHandler = {
    consumer: group,
    group,
    exhausted: (options.retry ?? defaultRetryPolicy).exhausted,
    rowsOf: ({ stream }) => [stream],
    topics: new Set(topics),
    handled: new Set(catalog.aggregates.flatMap(({ events }) => [...events.keys()])),
    open: () => ({
      handle: (event) => {
        const outcome = options.handle?.(event) ?? 'applied';
        if (outcome === 'applied') add.run(event.id);
        return outcome;
      },
      finish: () => undefined,
    }),
  };
  return {
    group,
    topics,
    database,
    failures,
    redrive: () => inTransaction(() => failures.operatorRequests.step(to)),
    retry: options.retry ?? defaultRetryPolicy,
    checkpoints: async () => Promise.resolve(checkpoints.read(group)),
    begin: (wanted) => inTransaction(() => wanted.forEach((each) => checkpoints.begin(group, each))),
    move: (moves) => inTransaction(() => moves.forEach((move) => checkpoints.move(group, move))),
    apply: async (batch) =>
      inTransaction(() => {
        const outcome = intake.records(to, batch);
        failWhereAsked();
        return outcome;
      }),
    applyFromStore: async ({ afterPosition, untilPosition, ...how }) => {
      const page = reader.readAll({ afterPosition, limit: Math.min(100, untilPosition - afterPosition) });
      const outcome = await inTransaction(() => {
        const taken = intake.events(to, page, how);
        failWhereAsked();
        return taken;
      });
      return { reachedPosition: page.at(-1)?.position ?? untilPosition, outcome };
    },
    advanceHighWater: (marks) => inTransaction(() => checkpoints.advanceHighWater(group, marks)),
    hasDeadLettersUpTo: async (last) => Promise.resolve(failures.quarantine.hasDeadLettersUpTo(group, last)),
    report: (status) => inTransaction(() => writeStatus(status)),
    counts: () =>
      new Map(
        database
          .prepare<[], { id: string; count: number }>('SELECT id, count FROM tally')
          .all()
          .map(({ id, count }) => [id, count]),
      ),
    order: () => database.prepare<[], string>('SELECT id FROM tally ORDER BY rowid').pluck().all(),
    unreadable: () =>
      database.prepare<[], { value: Buffer | null; reason: string }>('SELECT value, reason FROM dead_letters').all(),
    failNext: (batches) => {
      faults = batches;
    },
  };
};
