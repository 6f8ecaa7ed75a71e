/** A command on a stream of 100,000 events beside one on a stream of ten: warm, and by a process that has just started. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { application } from '../../projections/fulfilment/application';
import { stockAggregate } from '../../domain/stock/stock';
import { systemClock } from '../../infra/clock';
import { commandHandler } from '../../infra/commands/command-handler';
import type { SnapshotStore } from '../../infra/commands/snapshots';
import { openSqliteEventStore, type SqliteEventStore } from '../../infra/sqlite/event-store';
import { noteResults } from './benchmark-results';

const { catalog } = application;

const LONG = 100_000;
const SHORT = 10;
const COMMANDS = 300;

const metadata = { correlationId: 'bench', causationId: 'bench', actor: 'bench' };

const fill = async (store: SqliteEventStore, sku: string, count: number): Promise<void> => {
  for (let from = 0; from < count; from += 1_000) {
    const events = Array.from({ length: Math.min(1_000, count - from) }, (_, index) => ({
      type: index % 2 === 0 ? 'StockReceived' : 'StockReserved',
      schemaVersion: 1,
      data:
        index % 2 === 0
          ? { sku, receiptId: `r${from + index}`, quantity: 2, receivedAt: '2018-01-01T00:00:00Z' }
          : { sku, orderId: `o${from + index}`, quantity: 1, reservedAt: '2018-01-01T00:00:00Z' },
    }));
    await store.append({ streams: [{ stream: `stock-${sku}`, expectedVersion: 'any', events }], metadata })();
  }
};

const handlerOf = (store: SqliteEventStore, snapshots: SnapshotStore | undefined) =>
  commandHandler({ store, catalog, stateCacheSize: 100, ...(snapshots === undefined ? {} : { snapshots }) });

let commands = 0;

const receive = async (handle: ReturnType<typeof handlerOf>, sku: string): Promise<number> => {
  commands += 1;
  const startedMs = systemClock.monotonicMs();
  const data = { receiptId: `new${commands}`, quantity: 1, receivedAt: '2018-01-01T00:00:00Z' };
  const outcome = await handle({
    aggregate: stockAggregate,
    command: { type: 'receive', id: sku, data },
    metadata,
    dryRun: false,
  })();
  if (outcome._tag === 'Left') throw new Error(JSON.stringify(outcome.left));
  return systemClock.monotonicMs() - startedMs;
};

const median = (times: ReadonlyArray<number>): number =>
  times.toSorted((left, right) => left - right)[times.length >> 1] ?? 0;

const main = async (): Promise<void> => {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-long-'));
  const store = await openSqliteEventStore({
    file: join(folder, 'store.sqlite'),
    clock: systemClock,
    appendQueueLimit: 10_000,
    leaseTtlMs: 5_000,
    onLeaseLost: (reason) => {
      throw reason;
    },
  });
  const print = (what: string, ms: number): void =>
    void process.stdout.write(`${what.padEnd(58)} ${ms.toFixed(2).padStart(9)} ms\n`);
  try {
    await fill(store, 'long', LONG);
    await fill(store, 'short', SHORT);
    const cold = await receive(handlerOf(store, undefined), 'long');
    print(`first command on ${LONG} events, no snapshot`, cold);
    await receive(handlerOf(store, store.snapshots), 'long');
    await systemClock.sleep(500);
    const firsts: number[] = [];
    for (let index = 0; index < 7; index += 1) firsts.push(await receive(handlerOf(store, store.snapshots), 'long'));
    print(`first command on ${LONG} events, from its snapshot`, median(firsts));
    print(`first command on ${SHORT} events`, await receive(handlerOf(store, store.snapshots), 'short'));
    const handle = handlerOf(store, store.snapshots);
    const times: Record<'long' | 'short', number[]> = { long: [], short: [] };
    await receive(handle, 'long');
    await receive(handle, 'short');
    for (let index = 0; index < COMMANDS; index += 1) {
      for (const sku of ['long', 'short'] as const) times[sku].push(await receive(handle, sku));
    }
    print(`each further command on ${LONG} events (median of ${COMMANDS})`, median(times.long));
    print(`each further command on ${SHORT} events (median of ${COMMANDS})`, median(times.short));
    const ratio = median(times.short) / median(times.long);
    process.stdout.write(`ratio ${ratio.toFixed(2)}\n`);
    noteResults('longStream', {
      events: LONG,
      coldMs: cold,
      fromSnapshotMs: median(firsts),
      furtherMs: median(times.long),
      ofShortStreamMs: median(times.short),
      ratio,
    });
  } finally {
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  }
};

void main();
