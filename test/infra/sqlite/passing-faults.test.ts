/** What passes by itself ends nothing and holds up nobody: a foreign lock, a file that was removed or replaced. */
import { copyFileSync, existsSync, renameSync, rmSync } from 'node:fs';
import * as E from 'fp-ts/Either';
import { setTimeout as delay } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import { systemClock } from '../../../infra/clock';
import { silentLogger } from '../../../infra/logger';
import { restartOnReplacedFile, watchFile } from '../../../infra/running/restart-on-replaced-file';
import { openForWriting, type Database } from '../../../infra/sqlite/database';
import { openEventReader } from '../../../infra/sqlite/event-feed';
import { FileReplaced } from '../../../infra/sqlite/file-identity';
import { leaseMigration } from '../../../infra/sqlite/lease';
import { openLeasedDatabase, whenNotBusy, writeUnderLease } from '../../../infra/sqlite/leased-database';
import { storeMigrations } from '../../../infra/sqlite/store-migrations';
import { appendTo, ids, right } from '../../contracts/event-store-fixtures';
import { spec } from '../../spec';
import { eventually, newFile, openStore, withStore } from './store-fixture';
import { NamedStorageFault } from '../../../infra/storage-fault';

/** Another process's write lock, as `sqlite3 FILE 'BEGIN IMMEDIATE'` takes it. */
const lockOn = (file: string): Database => {
  const database = openForWriting({ file, synchronous: 'FULL', migrations: storeMigrations });
  database.exec('BEGIN IMMEDIATE');
  return database;
};

/** The longest time that the event loop stood while the work went on. */
const longestStandstillMs = async (work: () => Promise<void>): Promise<number> => {
  let longestMs = 0;
  let lastMs = systemClock.monotonicMs();
  const timer = setInterval(() => {
    const nowMs = systemClock.monotonicMs();
    longestMs = Math.max(longestMs, nowMs - lastMs);
    lastMs = nowMs;
  }, 5);
  await work();
  clearInterval(timer);
  return Math.max(longestMs, systemClock.monotonicMs() - lastMs);
};

const reasonOf = (answer: E.Either<{ readonly _tag: string }, unknown>): string =>
  E.isRight(answer) ? 'appended' : JSON.stringify(answer.left);

const removeStore = (file: string): void => {
  for (const suffix of ['', '-wal', '-shm']) rmSync(`${file}${suffix}`, { force: true });
};

spec("a write lock of another process on the store's file", ({ test }) => {
  test('makes appends wait and not the event loop; they succeed when it is gone, in their order', async () => {
    const file = newFile();
    await withStore({ file }, async (store) => {
      right(await store.append(appendTo('note-1', 'any'))());
      const lock = lockOn(file);
      const standstillMs = await longestStandstillMs(async () => {
        const waiting = [1, 2, 3].map((version) => store.append(appendTo('note-1', version))());
        await systemClock.sleep(1_500);
        assert.is(store.status().queueLength, 3);
        // A request of an operator is told to come back, and waits for nothing either.
        assert.throws(() => store.submit({ kind: 'rebuild', body: '{}', actor: 'tester' }), /locked/);
        lock.exec('ROLLBACK');
        const answers = await Promise.all(waiting);
        assert.equal(
          answers.flatMap((answer) => ids(right(answer))),
          ['note-1@2', 'note-1@3', 'note-1@4'],
        );
      });
      // It stood for five seconds where the wait was its own.
      assert.ok(standstillMs < 1_000, `${standstillMs} ms`);
      assert.is(store.status().failure, null);
      lock.close();
    });
  });

  test('that outlasts the bound is answered with the reason, leaves nothing behind, and is over by itself', async () => {
    const file = newFile();
    await withStore({ file }, async (store) => {
      const lock = lockOn(file);
      const startedMs = systemClock.monotonicMs();
      assert.match(
        reasonOf(await store.append(appendTo('note-1', 'any'))()),
        /StoreUnavailable.*another process holds/,
      );
      const waitedMs = systemClock.monotonicMs() - startedMs;
      assert.ok(waitedMs >= 4_900 && waitedMs < 8_000, `${waitedMs} ms`);
      assert.is.not(store.status().failure, null);
      lock.exec('ROLLBACK');
      // Without a single append: the lease's renewal shows that the file takes writes again.
      await eventually(() => store.status().failure === null);
      assert.equal(ids(right(await store.append(appendTo('note-1', 'noStream'))())), ['note-1@1']);
      lock.close();
    });
  });

  test('is waited for when the store opens, and what waits at the end is committed before it closes', async () => {
    const file = newFile();
    await (await openStore({ file })).close();
    const lock = lockOn(file);
    const standstillMs = await longestStandstillMs(async () => {
      const opening = openStore({ file });
      await systemClock.sleep(400);
      lock.exec('ROLLBACK');
      const store = await opening;
      lock.exec('BEGIN IMMEDIATE');
      const late = store.append(appendTo('note-1', 'any'))();
      await systemClock.sleep(50);
      const closing = store.close();
      assert.match(reasonOf(await store.append(appendTo('note-2', 'any'))()), /the store is closed/);
      lock.exec('ROLLBACK');
      await closing;
      assert.equal(ids(right(await late)), ['note-1@1']);
    });
    assert.ok(standstillMs < 1_000, `${standstillMs} ms`);
    lock.close();
  });

  test('is waited for by the other writers of the program, too', async () => {
    const file = newFile();
    const leased = await openLeasedDatabase({
      file,
      synchronous: 'NORMAL',
      migrations: [leaseMigration, { name: 'rows', sql: 'CREATE TABLE rows (id INTEGER) STRICT;' }],
      clock: systemClock,
      ttlMs: 60_000,
      onLost: () => assert.unreachable(),
    });
    const insert = leased.database.prepare('INSERT INTO rows VALUES (1)');
    const write = writeUnderLease(leased);
    const other = openForWriting({ file, synchronous: 'NORMAL', migrations: [leaseMigration, leaseMigration] });
    other.exec('BEGIN IMMEDIATE');
    const standstillMs = await longestStandstillMs(async () => {
      const written = whenNotBusy(systemClock, () => write(() => insert.run()));
      await systemClock.sleep(300);
      other.exec('ROLLBACK');
      await written;
    });
    assert.ok(standstillMs < 250, `${standstillMs} ms`);
    other.close();
    leased.lease.release();
    leased.database.close();
  });
});

spec("a store's file that was removed or replaced while it is open", ({ test }) => {
  test('takes nothing more, and says why; put back, it goes on where it was', async () => {
    const file = newFile();
    await withStore({ file, leaseTtlMs: 60_000 }, async (store) => {
      right(await store.append(appendTo('note-1', 'any'))());
      const aside = `${file}.aside`;
      renameSync(file, aside);
      assert.match(reasonOf(await store.append(appendTo('note-1', 1))()), /was removed while .*put it back/);
      assert.match(store.status().failure ?? '', /was removed/);
      const read = await store.readStream('note-1', { afterVersion: 0, limit: 1 })();
      assert.match(reasonOf(read), /was removed/);
      assert.throws(
        () => store.submit({ kind: 'rebuild', body: '{}', actor: 'tester' }),
        (error: unknown) => error instanceof FileReplaced,
      );
      copyFileSync(aside, file);
      assert.match(reasonOf(await store.append(appendTo('note-1', 1))()), /was replaced by another file/);
      renameSync(aside, file);
      assert.equal(ids(right(await store.append(appendTo('note-1', 1))())), ['note-1@2']);
      assert.is(store.status().failure, null);
    });
  });

  test('is read by its readers in the new place: told once to whoever goes by the version', async () => {
    const file = newFile();
    await withStore({ file }, async (store) => {
      right(await store.append(appendTo('note-old', 'any'))());
    });
    const newer = newFile();
    copyFileSync(file, newer);
    await withStore({ file: newer }, async (store) => {
      right(await store.append(appendTo('note-new', 'any'))());
    });
    const reader = openEventReader(file);
    const { dataVersion } = reader.watch();
    const version = dataVersion();
    assert.is(dataVersion(), version);
    removeStore(file);
    assert.throws(dataVersion, (error: unknown) => error instanceof FileReplaced);
    await delay(1);
    assert.throws(
      () => reader.readAll({ afterPosition: 0, limit: 1 }),
      (error: unknown) => error instanceof FileReplaced,
    );
    renameSync(newer, file);
    assert.throws(dataVersion, /looked at anew/);
    assert.is.not(dataVersion(), version);
    assert.equal(ids(reader.readAll({ afterPosition: 0, limit: 9 })), ['note-old@1', 'note-new@1']);
    reader.close();
  });
});

spec("a role's own file that was removed", ({ test }) => {
  test('makes the role begin anew on a new file, as often as it happens, and never ends it', async () => {
    const file = newFile();
    const stopping = new AbortController();
    let sessions = 0;
    const role = restartOnReplacedFile(
      { clock: systemClock, logger: silentLogger, role: 'test', stopping: stopping.signal },
      async () => {
        const { database, lease } = await openLeasedDatabase({
          file,
          synchronous: 'NORMAL',
          migrations: [leaseMigration],
          clock: systemClock,
          ttlMs: 60_000,
          onLost: () => assert.unreachable(),
        });
        sessions += 1;
        try {
          await watchFile(lease, { clock: systemClock, stopping: stopping.signal });
        } finally {
          lease.release();
          database.close();
        }
      },
    );
    for (const session of [1, 2]) {
      await eventually(() => sessions === session && existsSync(file));
      removeStore(file);
    }
    await eventually(() => sessions === 3);
    stopping.abort();
    await role;
  });

  test('is a wrong setting where it cannot be opened at the first start, and then the role says so at once', async () => {
    const options = { clock: systemClock, logger: silentLogger, role: 'test', stopping: new AbortController().signal };
    const refused = new NamedStorageFault('failed', 'unable to open');
    const end = await restartOnReplacedFile(options, () => Promise.reject(refused)).catch((error: unknown) => error);
    assert.is(end, refused);
  });
});
