/**
 * How much one bad key in a hundred costs the other ninety-nine: the same log through the same projection on a real broker, once
 * without failures and once with 1 % of the keys poisoned, in turns. Prints a table, and writes results.json beside itself.
 */
import { openEventReader, openEventFeed } from '../../infra/sqlite/event-feed';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { withTopicPrefix } from '../../domain/kernel/topic-prefix';
import { application } from '../../projections/fulfilment/application';
import type { Catalog } from '../../domain/kernel/aggregate';
import { systemClock } from '../../infra/clock';
import { destinationOf } from '../../infra/kafka/cloud-events';
import { openRealLog } from '../../infra/kafka/real-log';
import type { EventLog } from '../../infra/kafka/event-log';
import { silentLogger } from '../../infra/logger';
import { startRelay } from '../../infra/relay/relay';
import { readRelayStatus } from '../../infra/sqlite/relay-file/relay-file';
import { openSqliteEventStore } from '../../infra/sqlite/event-store';
import { openViewReader } from '../../projections/engine/query/view-database-reader';
import { startProjections } from '../../projections/engine/role/role';
import { realKafka } from '../support/kafka';
import { eventually } from '../support/server';
import { noteResults } from './benchmark-results';
import { KEYS, poisonedProjections, soundProjections } from './poisoned-projections';

const { catalog: declared } = application;

const EVENTS_PER_KEY = 20;
const PAIRS = 3;
const print = (line: string): void => void process.stdout.write(`${line}\n`);

interface Bench {
  readonly folder: string;
  readonly log: EventLog;
  readonly catalog: Catalog;
  readonly storeFile: string;
}

/** Fills the store and waits until Kafka has everything. */
const fill = async ({ folder, log, catalog, storeFile }: Bench): Promise<void> => {
  const store = await openSqliteEventStore({
    file: storeFile,
    clock: systemClock,
    appendQueueLimit: 10_000,
    leaseTtlMs: 5_000,
    onLeaseLost: (reason) => {
      throw reason;
    },
  });
  for (let version = 1; version <= EVENTS_PER_KEY; version += 1) {
    for (let from = 0; from < KEYS; from += 500) {
      await store.append({
        streams: Array.from({ length: 500 }, (_, index) => ({
          stream: `stock-k${from + index}`,
          expectedVersion: version - 1 || ('noStream' as const),
          events: [
            {
              type: 'StockReceived',
              schemaVersion: 1,
              data: {
                sku: `k${from + index}`,
                receiptId: `r${version}`,
                quantity: 1,
                receivedAt: '2018-01-01T00:00:00Z',
              },
            },
          ],
        })),
        metadata: { correlationId: 'c', causationId: 'r', actor: 'benchmark' },
      })();
    }
  }
  const file = join(folder, 'relay.sqlite');
  const relay = startRelay({
    log,
    catalog,
    clock: systemClock,
    logger: silentLogger,
    signal: new AbortController().signal,
    leaseTtlMs: 5_000,
    acceptNewLog: false,
    file,
    outbox: () => openEventFeed(storeFile),
    cloudEventsMode: 'structured',
    schemaBaseUrl: 'http://127.0.0.1/schemas',
  });
  const all = KEYS * EVENTS_PER_KEY;
  await eventually(
    'everything is published',
    async () => Promise.resolve(readRelayStatus(file)?.cursor === all),
    60_000,
  );
  await relay.stop();
  await store.close();
};

/** Seconds from the start of consuming to the last event. */
const measure = async (
  { folder, log, catalog, storeFile }: Bench,
  name: string,
  isPoisoned: boolean,
): Promise<number> => {
  const viewsFile = join(folder, `${name}.sqlite`);
  const projections = isPoisoned ? poisonedProjections : soundProjections;
  const module = isPoisoned ? './poisoned-definitions' : './sound-definitions';
  const views = openViewReader(viewsFile, projections, catalog);
  const startedMs = systemClock.monotonicMs();
  const role = startProjections({
    log,
    catalog,
    clock: systemClock,
    logger: silentLogger,
    signal: new AbortController().signal,
    leaseTtlMs: 5_000,
    acceptNewLog: false,
    viewsFile,
    storeFile,
    openStore: () => openEventFeed(storeFile),
    projections,
    applicationFile: require.resolve(module),
  });
  const ends = lastPositions(storeFile, catalog);
  await eventually(
    'everything is read',
    async () => Promise.resolve(ends.every((end) => views.hasSeen('stock-level', end))),
    120_000,
  );
  const seconds = (systemClock.monotonicMs() - startedMs) / 1_000;
  const rows = views.projections()[0]?.rows;
  await role.stop();
  views.close();
  const expected = isPoisoned ? KEYS - KEYS / 100 : KEYS;
  if (rows !== expected) throw new Error(`${name} has ${rows ?? 0} rows, expected were ${expected}`);
  return seconds;
};

/** The last position of each partition of the stock. */
const lastPositions = (
  storeFile: string,
  catalog: Catalog,
): ReadonlyArray<{ readonly topic: string; readonly partition: number; readonly position: number }> => {
  const reader = openEventReader(storeFile);
  const place = destinationOf(catalog);
  const ends = new Map<string, { topic: string; partition: number; position: number }>();
  // Each key has an event among the last ones.
  for (const { stream, position } of reader.readAll({ afterPosition: KEYS * (EVENTS_PER_KEY - 1), limit: KEYS })) {
    const { topic, partition } = place(stream);
    ends.set(`${topic}/${partition}`, { topic, partition, position });
  }
  reader.close();
  return [...ends.values()];
};

const median = (values: ReadonlyArray<number>): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

const main = async (): Promise<void> => {
  const broker = await realKafka();
  if ('missing' in broker) {
    print(`no real Kafka: ${broker.missing}`);
    process.exitCode = 1;
    return;
  }
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-benchmark-'));
  const connection = { brokers: broker.servers, securityProtocol: 'plaintext' } as const;
  const log = await openRealLog({ connection, clock: systemClock, logger: silentLogger });
  const bench = {
    folder,
    log,
    catalog: withTopicPrefix(declared, broker.topicPrefix()),
    storeFile: join(folder, 'store.sqlite'),
  };
  await fill(bench);
  const rates = { sound: [] as number[], poisoned: [] as number[] };
  for (let pair = 0; pair < PAIRS; pair += 1) {
    const sound = await measure(bench, `sound-${pair}`, false);
    const poisoned = await measure(bench, `poisoned-${pair}`, true);
    rates.sound.push((KEYS * EVENTS_PER_KEY) / sound);
    rates.poisoned.push(((KEYS - KEYS / 100) * EVENTS_PER_KEY) / poisoned);
  }
  const ratio = median(rates.sound.map((rate, pair) => (rates.poisoned[pair] ?? 0) / rate));
  print(`${'good events a second'.padEnd(34)}${'median'.padStart(10)}`);
  print(`${'no key poisoned'.padEnd(34)}${Math.round(median(rates.sound)).toString().padStart(10)}`);
  print(`${'1 % of the keys poisoned'.padEnd(34)}${Math.round(median(rates.poisoned)).toString().padStart(10)}`);
  print(`${'ratio (median of pairs; gate 0.9)'.padEnd(34)}${ratio.toFixed(2).padStart(10)}`);
  noteResults('poisonedKeys', { keys: KEYS, eventsPerKey: EVENTS_PER_KEY, rates, ratio, gate: 0.9 });
  await log.close();
  rmSync(folder, { recursive: true, force: true });
  process.exit(ratio >= 0.9 ? 0 : 1);
};

void main();
