/** States of long streams are kept, used only where they fit, and never more than a short cut. */
import * as assert from 'uvu/assert';
import * as E from 'fp-ts/Either';
import { application } from '../../../projections/fulfilment/application';
import { snapshotFingerprintOf } from '../../../infra/commands/fold-behaviour';
import { aggregate, catalogOf, type Catalog } from '../../../domain/kernel/aggregate';
import { stockCommands } from '../../../domain/stock/commands';
import { stockEvents } from '../../../domain/stock/events';
import { stockAggregate, stockDecider, stockSnapshot } from '../../../domain/stock/stock';
import { commandHandler } from '../../../infra/commands/command-handler';
import { openDatabase } from '../../../infra/sqlite/database';
import type { SqliteEventStore } from '../../../infra/sqlite/event-store';
import { storeMigrations } from '../../../infra/sqlite/store-migrations';
import { spec } from '../../spec';
import { metadata, right } from '../../contracts/event-store-fixtures';
import { eventually, newFile, withStore } from '../sqlite/store-fixture';

const { catalog } = application;

const STREAM = 'stock-kettle';

/** Receives pieces so often that a snapshot is due, and more. */
const fill = async (store: SqliteEventStore, events: number): Promise<void> => {
  const one = (index: number) => ({
    type: 'StockReceived',
    schemaVersion: 1,
    data: { sku: 'kettle', receiptId: `r${index}`, quantity: 1, receivedAt: '2018-01-01T00:00:00Z' },
  });
  const streams = [
    {
      stream: STREAM,
      expectedVersion: 'any' as const,
      events: Array.from({ length: events }, (_, index) => one(index)),
    },
  ];
  right(await store.append({ streams, metadata })());
};

/** A handler that has never seen the stream, and counts what it reads of it. */
const freshHandler = (store: SqliteEventStore, of: Catalog = catalog) => {
  const read: number[] = [];
  const watched: SqliteEventStore = {
    ...store,
    readStream: (stream, page) => {
      read.push(page.afterVersion);
      return store.readStream(stream, page);
    },
  };
  const handle = commandHandler({ store: watched, catalog: of, stateCacheSize: 10, snapshots: store.snapshots });
  const stock = of.byCategory('stock') ?? stockAggregate;
  const receive = async (receiptId: string, quantity = 1) =>
    handle({
      aggregate: stock,
      command: { type: 'receive', id: 'kettle', data: { receiptId, quantity, receivedAt: '2018-01-01T00:00:00Z' } },
      metadata,
      dryRun: false,
    })();
  return { read, receive };
};

const version = (outcome: Awaited<ReturnType<ReturnType<typeof freshHandler>['receive']>>): number =>
  E.isRight(outcome) ? outcome.right.version : -1;

spec('the state of a long stream', ({ test }) => {
  const kept = (store: SqliteEventStore) => store.snapshots.find(STREAM)?.version;

  test('is kept once it has been read, and read on from there by whoever comes next', () =>
    withStore({ file: newFile() }, async (store) => {
      await fill(store, 1_200);
      const first = freshHandler(store);
      assert.is(version(await first.receive('new')), 1_201);
      assert.is(first.read[0], 0);
      await eventually(() => kept(store) === 1_200);
      const second = freshHandler(store);
      assert.is(version(await second.receive('newer')), 1_202);
      assert.is(second.read[0], 1_200);
      assert.is(version(await second.receive('r7')), 1_202, 'what happened before the snapshot is still known');
      assert.ok(E.isLeft(await second.receive('r7', 2)));
    }));

  test('of a short stream is not kept', () =>
    withStore({ file: newFile() }, async (store) => {
      await fill(store, 50);
      await freshHandler(store).receive('new');
      await new Promise((resolve) => setTimeout(resolve, 30));
      assert.is(kept(store), undefined);
    }));

  test('is kept again as the stream grows in memory', () =>
    withStore({ file: newFile() }, async (store) => {
      const handler = freshHandler(store);
      for (let index = 0; index < 1_005; index += 1) await handler.receive(`x${index}`);
      await eventually(() => kept(store) === 1_000);
    }));

  test('is thrown away when the decider changes, and made anew', () =>
    withStore({ file: newFile() }, async (store) => {
      await fill(store, 1_200);
      await freshHandler(store).receive('new');
      await eventually(() => kept(store) === 1_200);
      const { snapshot, ...rest } = stockDefinition;
      const others = [
        aggregate({ ...rest, snapshot: { ...snapshot, version: 2 } }),
        aggregate({
          ...rest,
          snapshot: stockSnapshot,
          decider: { ...stockDecider, initialState: { ...stockDecider.initialState, onHand: 1 } },
        }),
      ];
      for (const other of others) {
        const handler = freshHandler(store, catalogOf([other]));
        assert.is(version(await handler.receive('r3')), 1_201);
        assert.is(handler.read[0], 0, 'the stream is read from its beginning');
        await eventually(() => store.snapshots.find(STREAM)?.decider === snapshotFingerprintOf(other));
      }
    }));

  test('is not used by a release that folds otherwise, though the change is in a function that `evolve` calls', () =>
    withStore({ file: newFile() }, async (store) => {
      await fill(store, 1_200);
      // A release that counts every piece that comes in twice, by what its fold calls.
      const twice = (events: number): number => events * 2;
      const wrong = aggregate({
        ...stockDefinition,
        snapshot: stockSnapshot,
        decider: {
          ...stockDecider,
          evolve: (state, event) =>
            event.type === 'StockReceived'
              ? { ...stockDecider.evolve(state, event), onHand: state.onHand + twice(event.data.quantity) }
              : stockDecider.evolve(state, event),
        },
      });
      await freshHandler(store, catalogOf([wrong])).receive('new');
      await eventually(() => kept(store) === 1_200);
      const read: number[] = [];
      const watched: SqliteEventStore = {
        ...store,
        readStream: (stream, page) => {
          read.push(page.afterVersion);
          return store.readStream(stream, page);
        },
      };
      const handle = commandHandler({ store: watched, catalog, stateCacheSize: 10, snapshots: store.snapshots });
      const reserve = { orderId: 'o1', quantity: 2_000, reservedAt: '2018-01-01T00:00:00Z' };
      const outcome = await handle({
        aggregate: stockAggregate,
        command: { type: 'reserve', id: 'kettle', data: reserve },
        metadata,
        dryRun: true,
      })();
      assert.ok(E.isLeft(outcome) && outcome.left._tag === 'Rejected');
      assert.is(read[0], 0, 'the stream is read from its beginning');
    }));

  test('is used by a release that is only written otherwise', () =>
    withStore({ file: newFile() }, async (store) => {
      await fill(store, 1_200);
      await freshHandler(store).receive('new');
      await eventually(() => kept(store) === 1_200);
      const written = aggregate({
        ...stockDefinition,
        snapshot: { ...stockSnapshot, encode: (state) => stockSnapshot.encode(state) },
        decider: {
          ...stockDecider,
          // A comment, another name, another function: nothing of it changes what is folded.
          evolve: (before, happened) => stockDecider.evolve(before, happened),
        },
      });
      const handler = freshHandler(store, catalogOf([written]));
      assert.is(version(await handler.receive('r3')), 1_201);
      assert.is(handler.read[0], 1_200);
    }));

  test('is never the truth: a damaged one costs a reading of the stream, and nothing else', () =>
    withStore({ file: newFile() }, async (store) => {
      await fill(store, 1_200);
      await freshHandler(store).receive('new');
      await eventually(() => kept(store) === 1_200);
      const found = store.snapshots.find(STREAM);
      assert.ok(found !== undefined);
      for (const state of ['{', '{}', 'null']) {
        store.snapshots.save(STREAM, { ...found, state });
        const handler = freshHandler(store);
        assert.is(version(await handler.receive('r3')), 1_201, state);
        assert.is(handler.read[0], 0, state);
      }
    }));

  test('comes from a file of an older program too, which knew of none', async () => {
    const file = newFile();
    openDatabase({ file, synchronous: 'FULL', migrations: storeMigrations.slice(0, 4) }).close();
    await withStore({ file }, async (store) => {
      assert.is(store.snapshots.find(STREAM), undefined);
      await fill(store, 10);
    });
  });
});

/** As the domain declares it, open to changes. */
const stockDefinition = {
  category: 'stock',
  path: 'stock',
  meaning: stockAggregate.meaning,
  topic: stockAggregate.topic,
  events: stockEvents,
  commands: stockCommands,
  decider: stockDecider,
  snapshot: {
    version: 1,
    encode: () => ({}),
    decode: () => stockDecider.initialState,
  },
};
