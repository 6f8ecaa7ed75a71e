/** What the SQLite store does beyond the contract: survive restarts, share commits, give way to one writer, meet full disks. */
import * as E from 'fp-ts/Either';
import * as assert from 'uvu/assert';
import { appendQueue } from '../../../infra/sqlite/append-queue';
import { openDatabase } from '../../../infra/sqlite/database';
import { eventQueries } from '../../../infra/sqlite/event-queries';
import { openEventReader } from '../../../infra/sqlite/event-feed';
import { openLeasedDatabase } from '../../../infra/sqlite/leased-database';
import { rememberedAnswers } from '../../../infra/sqlite/remembered-answers';
import { storeMigrations } from '../../../infra/sqlite/store-migrations';
import { storeStatements } from '../../../infra/sqlite/store-statements';
import { storeWriter } from '../../../infra/sqlite/store-writer';
import { appendTo, event, everything, ids, right } from '../../contracts/event-store-fixtures';
import { spec } from '../../spec';
import { eventually, newFile, openStore, withStore } from './store-fixture';
import { ownClock } from '../../support/test-clock';

const reasonOf = (answer: E.Either<{ readonly _tag: string; readonly reason?: string }, unknown>): string =>
  E.isLeft(answer) ? `${answer.left._tag}: ${answer.left.reason ?? ''}` : 'appended';

spec('a store that is opened again', ({ test }) => {
  test('holds everything, and goes on counting where it ended', async () => {
    const file = newFile();
    await withStore({ file }, async (store) => {
      const outcome = { scope: 'caller/ann', key: 'key-1', requestHash: 'hash', response: '{}' };
      right(await store.append({ ...appendTo('note-1', 'any', [event(), event()]), outcome: () => outcome })());
      assert.is(store.submit({ kind: 'rebuild', body: '{}', actor: 'tester' }).id, 1);
    });
    await withStore({ file }, async (store) => {
      assert.equal(ids(await everything(store)), ['note-1@1', 'note-1@2']);
      assert.is(right(await store.findOutcome({ scope: 'caller/ann', key: 'key-1' })())?.response, '{}');
      const appended = right(await store.append(appendTo('note-1', 2))());
      assert.equal([appended[0]?.id, appended[0]?.position], ['note-1@3', 3]);
      assert.is(store.submit({ kind: 'rebuild', body: '{}', actor: 'tester' }).id, 2);
    });
  });

  test('has committed what waited when it was closed, and takes nothing more', async () => {
    const file = newFile();
    const store = await openStore({ file });
    const waiting = Array.from({ length: 50 }, () => store.append(appendTo('note-1', 'any'))());
    await store.close();
    await store.close();
    assert.ok((await Promise.all(waiting)).every(E.isRight));
    assert.match(reasonOf(await store.append(appendTo('note-1', 'any'))()), 'StoreUnavailable');
    assert.match(reasonOf(await store.lastPosition()()), 'StoreUnavailable');
    const reader = openEventReader(file);
    assert.is(reader.lastPosition(), 50);
    reader.close();
  });

  test('refuses to change or remove an event, whoever asks', async () => {
    const file = newFile();
    await withStore({ file }, async (store) => void right(await store.append(appendTo('note-1', 'any'))()));
    const database = openDatabase({ file, synchronous: 'FULL', migrations: storeMigrations });
    assert.throws(() => database.exec(`UPDATE events SET payload = '{}'`), /events never change/);
    assert.throws(() => database.exec('DELETE FROM events'), /events never vanish/);
    database.close();
  });
});

spec('grouped commits', ({ test }) => {
  test('share a transaction among appends that wait together', async () => {
    await withStore({ file: newFile() }, async (store) => {
      const answers = await Promise.all(
        Array.from({ length: 64 }, (_, index) => store.append(appendTo(`note-${index}`, 'noStream'))()),
      );
      assert.ok(answers.every(E.isRight));
      const { appends, transactions, queueLength, walBytes } = store.status();
      assert.equal({ appends, transactions, queueLength }, { appends: 64, transactions: 1, queueLength: 0 });
      assert.ok(walBytes > 0);
    });
  });

  test('end at a thousand events, so that a burst does not hold up everything else', async () => {
    await withStore({ file: newFile() }, async (store) => {
      const two = [event(), event()];
      await Promise.all(Array.from({ length: 1_100 }, () => store.append(appendTo('note-1', 'any', two))()));
      assert.is(store.status().transactions, 3);
      const many = Array.from({ length: 1_500 }, () => event());
      assert.is(right(await store.append(appendTo('note-2', 'any', many))()).length, 1_500);
      assert.is(store.status().transactions, 4);
    });
  });

  test('refuse appends beyond the limit of the queue, and take new ones after it', async () => {
    await withStore({ file: newFile(), appendQueueLimit: 3 }, async (store) => {
      const answers = await Promise.all(Array.from({ length: 5 }, () => store.append(appendTo('note-1', 'any'))()));
      assert.equal(answers.map(reasonOf), [
        'appended',
        'appended',
        'appended',
        'StoreOverloaded: ',
        'StoreOverloaded: ',
      ]);
      assert.is(reasonOf(await store.append(appendTo('note-1', 3))()), 'appended');
    });
  });

  test('keep no wrong memory of streams: a row from elsewhere fails one group, and the next goes on', async () => {
    const file = newFile();
    await withStore({ file }, async (store) => {
      right(await store.append(appendTo('note-1', 'any'))());
      const intruder = openDatabase({ file, synchronous: 'FULL', migrations: storeMigrations });
      intruder.exec(`INSERT INTO events VALUES (2, 1, 2, 'NoteTaken', 1, 0, '', '', '', NULL, '{}')`);
      intruder.close();
      assert.match(reasonOf(await store.append(appendTo('note-1', 'any'))()), 'UNIQUE constraint failed');
      assert.equal(ids(right(await store.append(appendTo('note-1', 2))())), ['note-1@3']);
    });
  });
});

spec('one writer', ({ test }) => {
  test('waits until the one before has closed, and says for whom', async () => {
    const file = newFile();
    const first = await openStore({ file, clock: ownClock, leaseTtlMs: 60_000 });
    let waitsFor = '';
    let opened = false;
    const second = openStore({ file, clock: ownClock, onWaiting: (owner) => (waitsFor = owner) }).then((store) => {
      opened = true;
      return store;
    });
    await ownClock.sleep(150);
    assert.not.ok(opened);
    assert.match(waitsFor, `:${process.pid}:`);
    right(await first.append(appendTo('note-1', 'noStream'))());
    await first.close();
    const store = await second;
    assert.equal(ids(right(await store.append(appendTo('note-1', 1))())), ['note-1@2']);
    await store.close();
  });

  test('gives up waiting when told to', async () => {
    const file = newFile();
    await withStore({ file, leaseTtlMs: 60_000 }, async () => {
      const giveUp = new AbortController();
      const second = openStore({
        file,
        signal: giveUp.signal,
        onWaiting: () => void setImmediate(() => giveUp.abort()),
      });
      const error = await second.then(
        () => undefined,
        (reason: unknown) => reason,
      );
      assert.match(String(error), 'gave up waiting');
    });
  });

  test('that has been replaced cannot commit, says so, and tells its process once', async () => {
    const file = newFile();
    const reasons: string[] = [];
    const stale = await openStore({ file, leaseTtlMs: 60_000, onLeaseLost: (reason) => reasons.push(reason.message) });
    right(await stale.append(appendTo('note-1', 'any'))());
    const usurper = openDatabase({ file, synchronous: 'FULL', migrations: storeMigrations });
    usurper.exec('UPDATE lease SET epoch = epoch + 1');
    usurper.close();
    const together = await Promise.all([1, 2].map(() => stale.append(appendTo('note-1', 'any'))()));
    const later = await stale.append(appendTo('note-2', 'any'))();
    for (const answer of [...together, later]) assert.match(reasonOf(answer), /another process took .* start it again/);
    assert.throws(() => stale.submit({ kind: 'rebuild', body: '{}', actor: 'tester' }), /another process took/);
    assert.is(reasons.length, 1);
    assert.equal(ids(await everything(stale)), ['note-1@1']);
    await stale.close();
  });
});

spec('a writer that learns of its replacement while it is idle', ({ test }) => {
  test('takes no append any more, and tells its process', async () => {
    const file = newFile();
    let lost = 0;
    const stale = await openStore({ file, leaseTtlMs: 60, onLeaseLost: () => void (lost += 1) });
    const usurper = openDatabase({ file, synchronous: 'FULL', migrations: storeMigrations });
    usurper.exec('UPDATE lease SET epoch = epoch + 1');
    usurper.close();
    await eventually(() => lost > 0);
    const { transactions, failedTransactions } = stale.status();
    assert.match(reasonOf(await stale.append(appendTo('note-1', 'any'))()), /another process took .* start it again/);
    assert.equal([transactions, failedTransactions, stale.status().failedTransactions, lost], [0, 0, 0, 1]);
    await stale.close();
  });
});

spec('a full disk', ({ test }) => {
  test('refuses appends, leaves nothing half-written, and lets them go on when there is room again', async () => {
    const file = newFile();
    const { database, lease } = await openLeasedDatabase({
      file,
      synchronous: 'FULL',
      migrations: storeMigrations,
      clock: ownClock,
      ttlMs: 60_000,
      onLost: () => assert.unreachable(),
    });
    const write = storeWriter(
      database,
      storeStatements(database),
      lease,
      ownClock,
      rememberedAnswers(database, ownClock),
    );
    const onLeaseLost = (): void => {
      assert.unreachable();
    };
    const { append, counts } = appendQueue({ file, clock: ownClock, queueLimit: 100, write, onLeaseLost });
    const pages = database.pragma('page_count', { simple: true }) as number;
    database.pragma(`max_page_count = ${pages + 3}`);
    const large = 'x'.repeat(6_000);
    let acknowledged = 0;
    let refusal = '';
    while (refusal === '') {
      const answers = await Promise.all([
        append(appendTo(`note-${acknowledged}`, 'noStream', [event(large), event(large)]))(),
        append(appendTo('note-shared', acknowledged))(),
      ]);
      const refused = answers.find(E.isLeft);
      if (refused === undefined) acknowledged += 1;
      else {
        assert.ok(answers.every(E.isLeft));
        refusal = reasonOf(refused);
      }
    }
    assert.match(refusal, /StoreUnavailable: .*full; free some disk space/);
    assert.equal([counts().failedTransactions, counts().failure === null], [1, false]);
    const { readAll, lastPosition } = eventQueries(database);
    assert.is(lastPosition(), acknowledged * 3);
    database.pragma('max_page_count = 1000000');
    right(await append(appendTo(`note-${acknowledged}`, 'noStream', [event(large), event(large)]))());
    right(await append(appendTo('note-shared', acknowledged))());
    assert.is(counts().failure, null);
    assert.equal(
      readAll({ afterPosition: 0, limit: 1_000 }).map(({ position }) => position),
      Array.from({ length: (acknowledged + 1) * 3 }, (_, index) => index + 1),
    );
    lease.release();
    database.close();
  });
});
