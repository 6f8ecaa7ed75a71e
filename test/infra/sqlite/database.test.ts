/** Opening files, and the transaction that a Left rolls back. */
import { existsSync, writeFileSync } from 'node:fs';
import * as E from 'fp-ts/Either';
import * as assert from 'uvu/assert';
import {
  checkpointAndClose,
  openDatabase,
  openForReading,
  transact,
  type Database,
} from '../../../infra/sqlite/database';
import { spec } from '../../spec';
import { newFile } from './store-fixture';

const migrations = [{ name: 'notes', sql: 'CREATE TABLE notes (note TEXT NOT NULL) STRICT' }];
const open = (file: string, synchronous: 'FULL' | 'NORMAL' = 'FULL'): Database =>
  openDatabase({ file, synchronous, migrations });
const notes = (database: Database): unknown[] => database.prepare('SELECT note FROM notes').pluck().all();

spec('a database in memory', ({ test }) => {
  test('leaves no file of its name in the working folder', () => {
    const database = open(':memory:');
    assert.equal(notes(database), []);
    database.close();
    for (const suffix of ['', '-wal', '-shm']) assert.not.ok(existsSync(`:memory:${suffix}`));
  });
});

spec('a SQLite file', ({ test }) => {
  test('is opened durable: write-ahead log, and a sync at every commit unless asked otherwise', () => {
    const full = open(newFile());
    const normal = open(newFile(), 'NORMAL');
    const FULL = 2;
    const NORMAL = 1;
    assert.is(full.pragma('journal_mode', { simple: true }), 'wal');
    assert.is(full.pragma('synchronous', { simple: true }), FULL);
    assert.is(normal.pragma('synchronous', { simple: true }), NORMAL);
    full.close();
    normal.close();
  });

  test('is made with the folders on its way', () => {
    const file = `${newFile()}.d/deeper/notes.sqlite`;
    open(file).close();
    openForReading(file).close();
  });

  test('that is no database is refused by name', () => {
    const file = newFile();
    writeFileSync(
      file,
      'this is a letter, not a database; it has to be long enough to be taken for a header. '.repeat(9),
    );
    const notADatabase = (error: Error): boolean => error.message === `${file}: file is not a database`;
    assert.throws(() => open(file), notADatabase);
    assert.throws(() => openForReading(file), notADatabase);
  });

  test('cannot be written through a reader', () => {
    const file = newFile();
    const writer = open(file);
    const reader = openForReading(file);
    assert.throws(() => reader.exec(`INSERT INTO notes VALUES ('a')`), /readonly/);
    reader.close();
    writer.close();
  });

  test('is closed once, with its log folded in', () => {
    const database = open(newFile());
    checkpointAndClose(database);
    checkpointAndClose(database);
    assert.not.ok(database.open);
  });
});

spec('a transaction', ({ test }) => {
  test('commits with a Right, and rolls back with a Left or a throw', () => {
    const database = open(newFile());
    const insert = (note: string): void => void database.prepare('INSERT INTO notes VALUES (?)').run(note);
    const kept = transact(database, () => {
      insert('kept');
      return E.right('done');
    });
    assert.equal(kept, E.right('done'));
    const refused = transact(database, () => {
      insert('refused');
      return E.left('no');
    });
    assert.equal(refused, E.left('no'));
    assert.throws(
      () =>
        transact(database, () => {
          insert('thrown');
          throw new Error('broken');
        }),
      /broken/,
    );
    assert.equal(notes(database), ['kept']);
    assert.not.ok(database.inTransaction);
    database.close();
  });
});
