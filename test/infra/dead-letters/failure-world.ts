/**
 * A group in one process on a real SQLite file in memory, with a log and a store made from the same events: to be fed, broken,
 * fixed and redriven by a test. Its effect is a line in a diary for every applied event, so that lost, duplicated or misordered
 * events are visible.
 */
import type { Catalog } from '../../../domain/kernel/aggregate';
import type { RecordedEvent, StoredEvent } from '../../../domain/kernel/recorded-event';
import type { OperationRequest } from '../../../infra/commands/operation-requests';
import { type CheckpointMove } from '../../../infra/consumption/checkpoints/checkpoint';
import { checkpointMigration, checkpointsOf } from '../../../infra/sqlite/consumer-file/checkpoints';
import type { BreakerPolicy } from '../../../infra/consumption/intake/failure-rate-limit';
import type { EventHandler } from '../../../infra/consumption/intake/event-handler';
import type { ExhaustedPolicy, HandlerResult } from '../../../infra/consumption/intake/failures';
import type { OutcomeCounts } from '../../../infra/consumption/status/outcome-counts';
import {
  deadLetterCopyingMigration,
  deadLettersMigration,
  deadLetterStacksMigration,
} from '../../../infra/sqlite/consumer-file/dead-letters-schema';
import { failedRequestsMigration } from '../../../infra/sqlite/consumer-file/failed-requests';
import { type DeadLetterReader } from '../../../infra/dead-letters/query/dead-letters-reader';
import { deadLetterReader } from '../../../infra/sqlite/consumer-file/dead-letters-reader';
import type { RedriveStep } from '../../../infra/dead-letters/redrive/process-requests';
import { deadLetterHandling, type DeadLetterHandling } from '../../../infra/dead-letters/redrive/dead-letter-handling';
import { groupStatusMigration } from '../../../infra/sqlite/consumer-file/group-status';
import { offsetMovesMigration } from '../../../infra/sqlite/consumer-file/offset-moves';
import { consumerTables } from '../../../infra/sqlite/consumer-file/tables';
import type { LogRecord } from '../../../infra/kafka/event-log';
import { openDatabase, type Database } from '../../../infra/sqlite/database';
import type { EventReader } from '../../../infra/sqlite/event-feed';
import { LOG_ID, recordAt, storeOf } from '../../projections/views-fixture';
import { newRelease } from './notes';
import { ownClock } from '../../support/test-clock';

/** An event's record at an offset. */
export const noteRecord = (event: StoredEvent, offset: number): LogRecord => recordAt(event, offset, newRelease);

// -------------------------------------------------------------------------------------
// The group
// -------------------------------------------------------------------------------------

export interface GroupOptions {
  readonly catalog?: Catalog;
  /** The result of an event; it may throw. */
  readonly handle?: (event: RecordedEvent) => HandlerResult;
  /** Called when a handling is about to be written. */
  readonly finish?: (events: ReadonlyArray<RecordedEvent>) => void;
  readonly exhausted?: ExhaustedPolicy;
  readonly breakerPolicy?: BreakerPolicy;
}

/** One process that runs the group. */
export interface GroupProcess {
  readonly failures: DeadLetterHandling;
  /** Applies records from the checkpoints that this process knows. */
  readonly deliver: (records: ReadonlyArray<LogRecord>, exhaustedAttempts?: number) => OutcomeCounts;
  readonly takeRequests: () => number;
  readonly step: () => RedriveStep;
}

export interface FailureWorld {
  readonly database: Database;
  readonly reader: DeadLetterReader;
  /** Starts a process, which continues from the committed state. */
  readonly start: (options?: GroupOptions) => GroupProcess;
  /** Adds a request as the API would; returns its id. */
  readonly ask: (kind: OperationRequest['kind'], body: object) => number;
  /** Replaces the body of a request, as another program could. */
  readonly spoil: (id: number, body: string) => void;
  /** Plans and starts a redrive of all unresolved dead letters; returns its id. */
  readonly redriveAll: () => number;
  /** The applied events, in the order of application. */
  readonly diary: () => ReadonlyArray<string>;
  readonly waiting: () => number;
  readonly close: () => void;
}

const GROUP = 'diary';
/** A policy that a few bad streams do not trip. */
const NEVER_TRIPS: BreakerPolicy = { recentKeys: 1_000, share: 1, leastKeys: 1_000, leastKeysAfterTrip: 1_000 };

/** Opens a world with a store of these events. */
export const failureWorld = (stored: ReadonlyArray<StoredEvent>): FailureWorld => {
  const database = openDatabase({
    file: ':memory:',
    synchronous: 'NORMAL',
    migrations: [
      checkpointMigration,
      deadLettersMigration,
      deadLetterCopyingMigration,
      failedRequestsMigration,
      offsetMovesMigration,
      groupStatusMigration,
      deadLetterStacksMigration,
      { name: 'diary', sql: 'CREATE TABLE diary (seq INTEGER PRIMARY KEY, id TEXT NOT NULL) STRICT;' },
    ],
  });
  const checkpoints = checkpointsOf(database);
  for (const partition of [0, 1]) {
    checkpoints.begin(GROUP, { topic: 'notes', partition, logId: LOG_ID, nextOffset: 0, highWaterPosition: 0 });
  }
  const requests: OperationRequest[] = [];
  const store = storeOf(stored, requests);
  const reader = deadLetterReader(database);
  const ask: FailureWorld['ask'] = (kind, body) => {
    const id = requests.length + 1;
    requests.push({ id, kind, body: JSON.stringify(body), requestedAt: '2026-01-01T00:00:00.000Z', actor: 'ada' });
    return id;
  };
  const world = { database, stored, checkpoints, store };
  return {
    database,
    reader,
    ask,
    spoil: (id, body) => {
      const request = requests[id - 1];
      if (request !== undefined) requests[id - 1] = { ...request, body };
    },
    start: (options = {}) => startProcess(world, options),
    redriveAll: () => {
      const { letters, preview } = reader.select(GROUP, {});
      const id = ask('redrive-plan', { group: GROUP, letters, ratePerSecond: 1_000, preview });
      ask('redrive-run', { group: GROUP, redrive: id });
      return id;
    },
    diary: () => database.prepare<[], string>('SELECT id FROM diary ORDER BY seq').pluck().all(),
    waiting: () => database.prepare<[], number>('SELECT count(*) FROM quarantined_keys').pluck().get() ?? 0,
    close: () => void database.close(),
  };
};

interface WorldParts {
  readonly database: Database;
  readonly stored: ReadonlyArray<StoredEvent>;
  readonly checkpoints: ReturnType<typeof checkpointsOf>;
  readonly store: EventReader;
}

const startProcess = ({ database, checkpoints, store }: WorldParts, options: GroupOptions): GroupProcess => {
  const { catalog = newRelease, breakerPolicy = NEVER_TRIPS } = options;
  const failures = deadLetterHandling({
    tables: consumerTables(database, ownClock),
    catalog,
    store: () => store,
    breakerPolicy,
  });
  const to = consumerOf(database, options);
  const offsets = new Map(checkpoints.read(GROUP).map(({ partition, nextOffset }) => [partition, nextOffset]));
  const transaction = <Result>(work: () => Result): Result => database.transaction(work).immediate();
  return {
    failures,
    deliver: (records, exhaustedAttempts) => {
      const moves = movesOf(records, offsets);
      const batch = { records, moves, ...(exhaustedAttempts === undefined ? {} : { exhaustedAttempts }) };
      const outcome = failures.breakers.guard(GROUP, transaction, () => failures.intake.records(to, batch));
      for (const { partition, nextOffset } of moves) offsets.set(partition, nextOffset);
      return outcome;
    },
    takeRequests: () =>
      transaction(() => failures.operatorRequests.takeRequests(store.operationRequestsAfter(0), new Set([GROUP]))),
    step: () => transaction(() => failures.operatorRequests.step(to)),
  };
};

const consumerOf = (database: Database, { handle, finish, exhausted = 'halt' }: GroupOptions): EventHandler => {
  const write = database.prepare<[string]>('INSERT INTO diary (id) VALUES (?)');
  return {
    consumer: GROUP,
    group: GROUP,
    topics: new Set(['notes']),
    handled: new Set(['NoteTaken', 'NoteErased']),
    exhausted,
    rowsOf: ({ stream }) => [stream],
    open: () => {
      const taken: RecordedEvent[] = [];
      return {
        handle: (event) => {
          const outcome = handle?.(event) ?? 'applied';
          if (outcome !== 'applied') return outcome;
          taken.push(event);
          write.run(event.id);
          return outcome;
        },
        finish: () => finish?.(taken),
      };
    },
  };
};

type OpenMove = Omit<CheckpointMove, 'highWaterPosition'>;

const movesOf = (records: ReadonlyArray<LogRecord>, offsets: ReadonlyMap<number, number>): ReadonlyArray<OpenMove> => {
  const moves = new Map<number, OpenMove>();
  for (const { topic, partition, offset } of records) {
    const fromOffset = offsets.get(partition) ?? 0;
    moves.set(partition, { topic, partition, logId: LOG_ID, nextOffset: offset + 1, fromLogId: LOG_ID, fromOffset });
  }
  return [...moves.values()];
};
