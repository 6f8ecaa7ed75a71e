/** A state of 31,000 keys is read, shown and kept in many turns of the event loop, not in one. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import { snapshotFingerprintOf } from '../../domain/contracts/fold-behaviour';
import { aggregate, catalogOf } from '../../domain/kernel/aggregate';
import { PersistentMap } from '../../domain/kernel/persistent-map';
import { stockCommands } from '../../domain/stock/commands';
import { stockEvents } from '../../domain/stock/events';
import { stockAggregate, stockDecider, stockSnapshot, type StockState } from '../../domain/stock/stock';
import { commandHandler } from '../../infra/commands/command-handler';
import type { Snapshot, SnapshotStore } from '../../infra/commands/snapshots';
import { inMemoryEventStore } from '../../infra/memory/in-memory-event-store';
import { spec } from '../spec';
import { metadata } from '../contracts/event-store-fixtures';
import { testClock } from '../support/test-clock';
import { apiFixture } from './api-fixture';

const KEYS = 31_000;
const STREAM = 'stock-kettle';

const state: StockState = {
  onHand: KEYS,
  reserved: KEYS,
  receipts: PersistentMap.empty(),
  reservations: PersistentMap.of(
    Array.from({ length: KEYS }, (_, index) => [`order-${index}`, { quantity: 1, status: 'reserved' }] as const),
  ),
};

/** Counts the event loop's turns from now on. */
const turnCounter = () => {
  let turns = 0;
  let isOver = false;
  const count = (): void => {
    turns += 1;
    if (!isOver) setImmediate(count);
  };
  setImmediate(count);
  return { turns: () => turns, stop: () => void (isOver = true) };
};

/** A stream of as many events as a snapshot is due for, with a snapshot of many keys; what is done notes its turn. */
const longStream = async () => {
  const counter = turnCounter();
  const notes: (readonly [what: string, turn: number])[] = [];
  const note = (what: string): void => void notes.push([what, counter.turns()]);
  const stock = aggregate({
    ...stockAggregate,
    events: stockEvents,
    commands: stockCommands,
    decider: stockDecider,
    snapshot: {
      ...stockSnapshot,
      decode: (json) => {
        note('decode');
        return stockSnapshot.decode(json);
      },
      encode: (kept) => {
        note('encode');
        return stockSnapshot.encode(kept);
      },
    },
  });
  const store = inMemoryEventStore({ clock: testClock() });
  const received = (index: number) => ({
    type: 'StockReceived',
    schemaVersion: 1,
    data: { sku: 'kettle', receiptId: `r${index}`, quantity: 1, receivedAt: '2018-01-01T00:00:00Z' },
  });
  const events = Array.from({ length: 2_100 }, (_, index) => received(index));
  await store.append({ streams: [{ stream: STREAM, expectedVersion: 'any', events }], metadata })();
  const kept: Snapshot = {
    decider: snapshotFingerprintOf(stock) ?? '',
    version: 1_000,
    position: 1_000,
    state: JSON.stringify(stockSnapshot.encode(state)),
  };
  const saved: Snapshot[] = [];
  const snapshots: SnapshotStore = {
    find: () => {
      note('find');
      return kept;
    },
    save: (_stream, snapshot) => {
      note('save');
      saved.push(snapshot);
    },
  };
  notes.length = 0;
  const turnOf = (what: string): number => notes.find(([each]) => each === what)?.[1] ?? NaN;
  return { counter, turnOf, saved, store, snapshots, catalog: catalogOf([stock]), stock };
};

spec('a state of 31,000 keys', ({ test }) => {
  test('is shown in many turns', async () => {
    const { counter, turnOf, store, snapshots, catalog } = await longStream();
    const { get } = apiFixture({ store, snapshots, catalog });
    const { status, body, headers } = await get(`/streams/${STREAM}?asOf=1000`);
    const turns = counter.turns() - turnOf('decode');
    counter.stop();
    assert.is(status, 200);
    assert.is(headers['content-type'], 'application/json; charset=utf-8');
    const { reservations } = body['state'] as { readonly reservations: Readonly<Record<string, unknown>> };
    assert.is(Object.keys(reservations).length, KEYS);
    assert.ok(turnOf('find') < turnOf('decode'), 'the text is parsed in one turn, and read in another');
    assert.ok(turns > 30, `${turns} turns`);
  });

  test('is read for a command, and kept after it, in many turns', async () => {
    const { counter, turnOf, saved, store, snapshots, catalog, stock } = await longStream();
    const handle = commandHandler({ store, catalog, stateCacheSize: 10, snapshots });
    const data = { receiptId: 'new', quantity: 1, receivedAt: '2018-01-01T00:00:00Z' };
    const command = { type: 'receive', id: 'kettle', data };
    const outcome = await handle({ aggregate: stock, command, metadata, dryRun: false })();
    assert.is(outcome._tag, 'Right');
    while (saved.length === 0) await nextTurn();
    counter.stop();
    assert.ok(turnOf('find') < turnOf('decode'));
    assert.ok(turnOf('save') - turnOf('encode') > 30, `${turnOf('save') - turnOf('encode')} turns`);
    assert.is(saved[0]?.version, 2_100);
    assert.is(stockSnapshot.decode(JSON.parse(saved[0]?.state ?? '')).reservations.entries().length, KEYS);
  });
});
