/** A group whose effect is a count of each event in a table of its own: what is lost or doubled shows at once. */
import type { Catalog } from '../../../domain/kernel/aggregate';
import { systemClock } from '../../../infra/clock';
import { checkpointMigration, checkpointsOf } from '../../../infra/consumption/checkpoints';
import { eventIntake, recordsOf } from '../../../infra/consumption/event-intake';
import type { GroupHandler } from '../../../infra/consumption/group-handler';
import { groupStatusMigration, groupStatusWriter } from '../../../infra/consumption/group-status';
import { unreadableRecordsMigration, unreadableRecordsOf } from '../../../infra/consumption/unreadable-records';
import { openDatabase, type Database } from '../../../infra/sqlite/database';
import type { EventReader } from '../../../infra/sqlite/event-reader';

export interface Tally extends GroupHandler {
  readonly database: Database;
  /** How often each event was applied, and in which order the events of each stream were. */
  readonly counts: () => ReadonlyMap<string, number>;
  readonly unreadable: () => ReadonlyArray<{ readonly value: Buffer | null; readonly reason: string }>;
  /** So many of the next batches fail, each after its effects and before its commit. */
  readonly failNext: (batches: number) => void;
}

/** Opens the tally's file anew or again. */
export const tallyHandler = (file: string, catalog: Catalog, reader: Pick<EventReader, 'readAll'>): Tally => {
  const group = 'tally';
  const database = openDatabase({
    file,
    synchronous: 'NORMAL',
    migrations: [
      checkpointMigration,
      groupStatusMigration,
      unreadableRecordsMigration,
      { name: 'tally', sql: 'CREATE TABLE tally (id TEXT PRIMARY KEY, count INTEGER NOT NULL) STRICT;' },
    ],
  });
  const topics = catalog.aggregates.map(({ topic }) => topic.name);
  const checkpoints = checkpointsOf(database);
  const keepUnreadable = unreadableRecordsOf(database, systemClock);
  const intake = eventIntake({ catalog, checkpoints, keepUnreadable });
  const writeStatus = groupStatusWriter(database);
  const add = database.prepare<[string]>('INSERT INTO tally VALUES (?, 1) ON CONFLICT DO UPDATE SET count = count + 1');
  let failures = 0;
  const inTransaction = async <Result>(work: () => Result): Promise<Result> =>
    Promise.resolve(database.transaction(work).immediate());
  const failWhereAsked = (): void => {
    if (failures === 0) return;
    failures -= 1;
    throw new Error('database is locked, says the test');
  };
  const to = {
    consumer: group,
    group,
    topics: new Set(topics),
    handled: new Set(catalog.aggregates.flatMap(({ events }) => [...events.keys()])),
    onEvent: ({ id }: { readonly id: string }): void => void add.run(id),
  };
  return {
    group,
    topics,
    database,
    checkpoints: async () => Promise.resolve(checkpoints.read(group)),
    begin: (wanted) => inTransaction(() => wanted.forEach((each) => checkpoints.begin(group, each))),
    move: (moves) => inTransaction(() => moves.forEach((move) => checkpoints.move(group, move))),
    apply: async (batch) =>
      inTransaction(() => {
        const outcome = intake.records(to, batch.moves, recordsOf(batch));
        failWhereAsked();
        return outcome;
      }),
    applyFromStore: async ({ afterPosition, untilPosition }) => {
      const page = reader.readAll({ afterPosition, limit: Math.min(100, untilPosition - afterPosition) });
      const outcome = await inTransaction(() => intake.events(to, page, undefined));
      return { reachedPosition: page.at(-1)?.position ?? untilPosition, outcome };
    },
    caughtUpTo: (position) => inTransaction(() => topics.forEach((topic) => checkpoints.raise(group, topic, position))),
    report: (status) => inTransaction(() => writeStatus(status)),
    counts: () =>
      new Map(
        database
          .prepare<[], { id: string; count: number }>('SELECT id, count FROM tally')
          .all()
          .map(({ id, count }) => [id, count]),
      ),
    unreadable: () =>
      database
        .prepare<[], { value: Buffer | null; reason: string }>('SELECT value, reason FROM unreadable_records')
        .all(),
    failNext: (batches) => {
      failures = batches;
    },
  };
};
