/** The store's schema: made and brought up at start, by the writer alone, and never guessed at when it is newer. */
import { readFileSync, readdirSync } from 'node:fs';
import { dirname, basename } from 'node:path';
import * as assert from 'uvu/assert';
import { systemClock } from '../../../infra/clock';
import { openDatabase, openForReading, SchemaTooNew, schemaVersion } from '../../../infra/sqlite/database';
import { StoreNotReady } from '../../../infra/event-store/event-feed';
import { openEventReader } from '../../../infra/sqlite/event-feed';
import type { SqliteEventStore } from '../../../infra/sqlite/event-store';
import { openLeasedDatabase } from '../../../infra/sqlite/leased-database';
import { storeMigrations } from '../../../infra/sqlite/store-migrations';
import { spec } from '../../spec';
import { newFile, openStore, withStore } from './store-fixture';

const versionOf = (file: string): number => {
  const database = openForReading(file);
  const version = schemaVersion(database);
  database.close();
  return version;
};

const errorOf = async (work: () => unknown): Promise<unknown> => {
  try {
    await work();
  } catch (error) {
    return error;
  }
  throw new Error('expected a throw');
};

spec("the store's schema", ({ test }) => {
  test('is made at the first start, and is the same at the second', async () => {
    const file = newFile();
    for (let start = 0; start < 2; start += 1) {
      await withStore({ file }, () => Promise.resolve());
      assert.is(versionOf(file), storeMigrations.length);
    }
  });

  test('of an older program is brought up with its events in place', async () => {
    const file = newFile();
    const older = openDatabase({ file, synchronous: 'FULL', migrations: storeMigrations.slice(0, 2) });
    older.exec(`INSERT INTO streams VALUES (1, 'note-1');
                INSERT INTO events VALUES (1, 1, 1, 'NoteTaken', 1, 0, 'c', 'c', 'a', NULL, '{}')`);
    older.close();
    assert.instance(await errorOf(() => openEventReader(file)), StoreNotReady);
    await withStore({ file }, () => Promise.resolve());
    const reader = openEventReader(file);
    assert.equal(
      reader.readAll({ afterPosition: 0, limit: 10 }).map(({ id }) => id),
      ['note-1@1'],
    );
    assert.equal(reader.operationRequestsAfter(0), []);
    reader.close();
  });

  test('is not brought up while an older program still writes the file', async () => {
    const file = newFile();
    const olderSteps = storeMigrations.slice(0, 3);
    const older = await openLeasedDatabase({
      file,
      synchronous: 'FULL',
      migrations: olderSteps,
      clock: systemClock,
      ttlMs: 60_000,
      onLost: () => assert.unreachable(),
    });
    let newer: Promise<SqliteEventStore> | undefined;
    await new Promise<void>((waits) => {
      newer = openStore({ file, onWaiting: () => waits() });
    });
    assert.is(versionOf(file), olderSteps.length);
    older.lease.release();
    older.database.close();
    await (await newer)?.close();
    assert.is(versionOf(file), storeMigrations.length);
  });

  test('of a newer program is refused, and not a byte of the file is touched', async () => {
    const file = newFile();
    const newer = openDatabase({
      file,
      synchronous: 'FULL',
      migrations: [...storeMigrations, { name: 'of tomorrow', sql: 'CREATE TABLE tomorrow (id INTEGER)' }],
    });
    // As a copy may be: not in WAL mode, which opening for writing would otherwise set.
    newer.pragma('journal_mode = DELETE');
    newer.close();
    const before = readFileSync(file);
    for (const open of [() => openStore({ file }), () => openEventReader(file)]) {
      const error = await errorOf(open);
      assert.instance(error, SchemaTooNew);
      assert.match(String(error), /schema version \d, but this program knows versions up to \d: run the newer program/);
    }
    assert.ok(before.equals(readFileSync(file)));
    assert.equal(
      readdirSync(dirname(file)).filter((name) => name.startsWith(basename(file))),
      [basename(file)],
    );
  });

  test('that fails half-way leaves the file as it was', async () => {
    const file = newFile();
    const broken = [...storeMigrations, { name: 'broken', sql: 'CREATE TABLE half (id INTEGER); CREATE TABLE oops (' }];
    await withStore({ file }, () => Promise.resolve());
    assert.throws(
      () => openDatabase({ file, synchronous: 'FULL', migrations: broken }),
      /syntax error|incomplete input/,
    );
    assert.is(versionOf(file), storeMigrations.length);
    const again = openDatabase({
      file,
      synchronous: 'FULL',
      migrations: [...storeMigrations, { name: 'right', sql: 'CREATE TABLE half (id INTEGER)' }],
    });
    again.close();
  });
});
