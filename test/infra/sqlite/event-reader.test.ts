/** The store as other roles see it. */
import * as assert from 'uvu/assert';
import { StoreNotReady } from '../../../infra/event-store/event-feed';
import { waitForStore } from '../../../infra/event-store/open-feed';
import { openEventFeed, openEventReader } from '../../../infra/sqlite/event-feed';
import { spec } from '../../spec';
import { appendTo, event, ids, right } from '../../contracts/event-store-fixtures';
import { newFile, openStore, withStore } from './store-fixture';
import { ownClock } from '../../support/test-clock';

spec('a reader beside the writer', ({ test }) => {
  test('sees what is committed, page by page, with the same identities as the writer', async () => {
    const file = newFile();
    await withStore({ file }, async (store) => {
      const reader = openEventReader(file);
      assert.is(reader.lastPosition(), 0);
      const metadata = { correlationId: 'c', causationId: 'd', actor: 'e', traceparent: 'f' };
      right(await store.append({ ...appendTo('note-1', 'any', [event('a'), event('b')]), metadata })());
      right(await store.append(appendTo('note-2', 'any'))());
      assert.is(reader.lastPosition(), 3);
      assert.equal(ids(reader.readAll({ afterPosition: 1, limit: 1 })), ['note-1@2']);
      assert.equal(
        reader.readAll({ afterPosition: 0, limit: 10 }),
        right(await store.readAll({ afterPosition: 0, limit: 10 })()),
      );
      assert.equal(ids(reader.readStream('note-1', { afterVersion: 1, limit: 10 })), ['note-1@2']);
      assert.is(reader.positionOf('note-2@1'), 3);
      assert.is(reader.positionOf('note-2@2'), undefined);
      assert.throws(
        () => reader.readAll({ afterPosition: 0, limit: 0 }),
        (error: unknown) => error instanceof RangeError,
      );
      reader.close();
    });
  });

  test('is woken by a commit, and by nothing else', async () => {
    const file = newFile();
    await withStore({ file, leaseTtlMs: 60_000 }, async (store) => {
      const reader = openEventReader(file);
      const { dataVersion } = reader.watch();
      const before = dataVersion();
      reader.readAll({ afterPosition: 0, limit: 10 });
      assert.is(dataVersion(), before);
      right(await store.append(appendTo('note-1', 'any', []))());
      assert.is(dataVersion(), before, 'an append that writes nothing commits nothing');
      right(await store.append(appendTo('note-1', 'any'))());
      assert.is.not(dataVersion(), before);
      reader.close();
    });
  });

  test('reads a file whose writer has gone', async () => {
    const file = newFile();
    await withStore({ file }, async (store) => void right(await store.append(appendTo('note-1', 'any'))()));
    const reader = openEventReader(file);
    assert.equal(ids(reader.readAll({ afterPosition: 0, limit: 10 })), ['note-1@1']);
    reader.close();
  });

  test("does not keep the writer's log from being folded in", async () => {
    const file = newFile();
    const store = await openStore({ file });
    const reader = openEventReader(file);
    for (let index = 0; index < 10; index += 1) {
      right(await store.append(appendTo('note-1', 'any'))());
      reader.readAll({ afterPosition: 0, limit: 10 });
    }
    assert.ok(store.status().walBytes > 0);
    await store.close();
    assert.is(store.status().walBytes, 0);
    reader.close();
  });

  test('finds the requests of operators in order', async () => {
    const file = newFile();
    await withStore({ file, clock: { ...ownClock, nowMs: () => 0 } }, (store) => {
      const reader = openEventReader(file);
      const first = store.submit({ kind: 'rebuild', body: '{"projection":"a"}', actor: 'one' });
      const second = store.submit({ kind: 'rebuild', body: '{"projection":"b"}', actor: 'two' });
      assert.equal(reader.operationRequestsAfter(0), [first, second]);
      assert.equal(reader.operationRequestsAfter(first.id), [second]);
      assert.is(second.requestedAt, '1970-01-01T00:00:00.000Z');
      reader.close();
      return Promise.resolve();
    });
  });
});

spec('a reader before the writer', ({ test }) => {
  test('is told that the file does not exist, and who makes it', () => {
    const file = newFile();
    try {
      openEventReader(file);
      assert.unreachable();
    } catch (error) {
      assert.instance(error, StoreNotReady);
      assert.match(String(error), /does not exist: start the role that writes it/);
    }
  });

  test('waits until the writer has made the file', async () => {
    const file = newFile();
    let ready = false;
    const waiting = waitForStore(() => openEventFeed(file), ownClock).then((found) => (ready = found));
    await ownClock.sleep(30);
    assert.not.ok(ready);
    await withStore({ file }, async () => {
      assert.is(await waiting, true);
    });
  });

  test('stops waiting when told to', async () => {
    const giveUp = new AbortController();
    const file = newFile();
    const waiting = waitForStore(() => openEventFeed(file), ownClock, giveUp.signal);
    giveUp.abort();
    assert.is(await waiting, false);
  });
});
