/** Cells that hold JSON: what is read is what was written, and a damaged cell is an error that names it. */
import * as assert from 'uvu/assert';
import { previewOf } from '../../infra/dead-letters/redrive/preview';
import { deadLetterReader } from '../../infra/sqlite/consumer-file/dead-letters-reader';
import { redriveRows } from '../../infra/sqlite/consumer-file/redrives';
import { openDatabase, type Database } from '../../infra/sqlite/database';
import { storageFaultKind } from '../../infra/storage-fault';
import { defaultRebuildSpec, rebuildRows } from '../../projections/engine/generations/rebuild-ledger';
import { rebuildReader } from '../../projections/engine/generations/rebuild-status';
import { viewsMigrations } from '../../projections/engine/generations/schema';
import { spec } from '../spec';
import { ownClock } from '../support/test-clock';
import { newFile } from './sqlite/store-fixture';

const preview = previewOf([], 3);
const proof = { rows: 7, equal: true };
const row = { table: 'view', key: 'a:1', before: null, after: { sku: 'a' }, events: null, eventCount: null } as const;
const differences = { count: 9, rows: [row, { ...row, events: ['stock-a@1'], eventCount: 1 }] };

const written = (): Database => {
  const database = openDatabase({ file: newFile(), synchronous: 'NORMAL', migrations: viewsMigrations });
  redriveRows(database, ownClock).plan(1, 'ada', { group: 'g', letters: [1], ratePerSecond: 10, preview });
  const rebuilds = rebuildRows(database, ownClock);
  rebuilds.add(2, defaultRebuildSpec('stock-level', 'store'));
  rebuilds.noteDifferences(2, differences);
  rebuilds.end(2, 'done', null, proof);
  return database;
};

const withDatabase = (body: (database: Database) => void): void => {
  const database = written();
  try {
    body(database);
  } finally {
    database.close();
  }
};

const cells: ReadonlyArray<{
  readonly cell: string;
  readonly column: string;
  readonly content: object;
  readonly read: (database: Database) => unknown;
}> = [
  {
    cell: 'preview of redrive 1',
    column: 'redrives SET preview',
    content: preview,
    read: (database) => deadLetterReader(database).redrive(1)?.preview,
  },
  {
    cell: 'proof of rebuild 2',
    column: 'rebuilds SET proof',
    content: proof,
    read: (database) => rebuildReader(database).find(2)?.proof,
  },
  {
    cell: 'differences of rebuild 2',
    column: 'rebuilds SET differences',
    content: differences,
    read: (database) => rebuildReader(database).find(2)?.differences,
  },
];

spec('a cell that holds JSON', ({ test }) => {
  for (const { cell, column, content, read } of cells) {
    test(`is read as it was written: the ${cell}`, () => withDatabase((db) => assert.equal(read(db), content)));

    test(`is reported where it is damaged: the ${cell}`, () =>
      withDatabase((database) => {
        for (const damaged of ['', '{"keys":', '"text"', '[7]', 'null', JSON.stringify(content).slice(1)]) {
          database.prepare(`UPDATE ${column} = ?`).run(damaged);
          assert.throws(
            () => read(database),
            (error: unknown) =>
              storageFaultKind(error) === 'failed' &&
              error instanceof Error &&
              error.message === `the file is damaged: the ${cell} is not valid: ${damaged.slice(0, 200)}`,
          );
        }
      }));
  }

  test('is reported in short where its damaged content is long', () =>
    withDatabase((database) => {
      database.prepare('UPDATE redrives SET preview = ?').run('x'.repeat(10_000));
      assert.throws(() => deadLetterReader(database).redrive(1), /is not valid: x{200}$/);
    }));
});
