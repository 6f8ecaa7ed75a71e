/** What SQLite says when it does not do what it is asked, as the kinds that everybody else asks for. */
import { writeFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { isAttributable } from '../../../infra/consumption/intake/intake';
import { EngineFault } from '../../../infra/engine-fault';
import { openDatabase, openForReading, type Database } from '../../../infra/sqlite/database';
import { isPassingStorageFault, StorageFault, storageFaultKind } from '../../../infra/storage-fault';
import { spec } from '../../spec';
import { newFile } from './store-fixture';

const migrations = [{ name: 'notes', sql: 'CREATE TABLE notes (note TEXT NOT NULL UNIQUE) STRICT' }];
const open = (file: string): Database => openDatabase({ file, synchronous: 'NORMAL', migrations, busyTimeoutMs: 0 });

const thrown = (work: () => unknown): unknown => {
  try {
    work();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
};

spec('an error of SQLite', ({ test }) => {
  test('is busy where another connection writes: at a statement and at the begin of a transaction', () => {
    const file = newFile();
    const [holder, other] = [open(file), open(file)];
    holder.exec('BEGIN IMMEDIATE');
    const faults = [
      thrown(() => other.prepare(`INSERT INTO notes VALUES ('a')`).run()),
      thrown(() => other.transaction(() => undefined).immediate()),
      thrown(() => other.exec('BEGIN IMMEDIATE')),
    ];
    assert.equal(faults.map(storageFaultKind), ['busy', 'busy', 'busy']);
    assert.ok(faults.every((fault) => isPassingStorageFault(fault) && !isAttributable(fault)));
    holder.exec('ROLLBACK');
    for (const database of [holder, other]) database.close();
  });

  test('is full where no page is left', () => {
    const database = open(newFile());
    database.pragma(`max_page_count = ${String(database.pragma('page_count', { simple: true }))}`);
    const error = thrown(() => database.prepare('INSERT INTO notes VALUES (?)').run('x'.repeat(100_000)));
    assert.is(storageFaultKind(error), 'full');
    assert.ok(isPassingStorageFault(error) && !isAttributable(error));
    database.close();
  });

  test('is refused where the table cannot hold the value: the one kind that one event can be the cause of', () => {
    const database = open(newFile());
    const insert = database.prepare('INSERT INTO notes VALUES (?)');
    insert.run('a');
    for (const value of ['a', null]) {
      const error = thrown(() => insert.run(value));
      assert.is(storageFaultKind(error), 'refused');
      assert.ok(isAttributable(error) && !isPassingStorageFault(error));
    }
    database.close();
  });

  test('has failed in every other case, whichever call it came from', () => {
    const file = newFile();
    open(file).close();
    const reader = openForReading(file);
    const missing = `${newFile()}.absent/notes.sqlite`;
    for (const work of [
      () => reader.exec(`INSERT INTO notes VALUES ('a')`),
      () => reader.prepare('SELECT * FROM absent'),
      () => reader.exec('no SQL'),
    ]) {
      const error = thrown(work);
      assert.instance(error, StorageFault);
      assert.instance(error, EngineFault);
      assert.is(storageFaultKind(error), 'failed');
      assert.not(isAttributable(error));
    }
    // The folder is not there: better-sqlite3 says so without SQLite.
    assert.is(storageFaultKind(thrown(() => openForReading(missing))), undefined);
    reader.close();
  });

  test('keeps its kind where the name of its file is put before its words', () => {
    const file = newFile();
    writeFileSync(file, 'this is a letter, not a database; it has to be long enough for a header. '.repeat(9));
    const error = thrown(() => openForReading(file));
    assert.is(storageFaultKind(error), 'failed');
    assert.match(String(error), file);
  });
});
