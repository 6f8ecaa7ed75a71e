/**
 * Replaying at scale, on a real Kafka: a million events (real orders, multiplied), a rebuild that proves itself while
 * commands arrive and the process is killed, a planted bug, and a corrupted log. Prints the figures; run by hand.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../infra/clock';
import { openLog } from '../../infra/kafka/open-log';
import { silentLogger } from '../../infra/logger';
import { openEventReader } from '../../infra/sqlite/event-reader';
import type { RebuildStatus } from '../../projections/view-reader';
import { compareCorrupted, publishCorrupted } from '../support/corrupted-log';
import { ownKafka } from '../support/own-kafka';
import { eventually, freePort, isReady, startTidemark, type ServerProcess } from '../support/server';
import { post } from '../support/workload';
import { multiplyStore } from './many-events';
import { consumePlainly } from './plain-consumption';

const LEAST_EVENTS = Number(process.env['EVENTS'] ?? 1_000_000);
const MEMORY_LIMIT_MB = 300;
const LONG_MS = 900_000;
const PROJECTIONS = ['order-summary', 'stock-level', 'customer-orders', 'sales-by-day'];

const say = (text: string): void => void process.stdout.write(`${new Date().toISOString().slice(11, 19)} ${text}\n`);

const seconds = async (work: () => Promise<unknown>): Promise<number> => {
  const startedMs = systemClock.monotonicMs();
  await work();
  return (systemClock.monotonicMs() - startedMs) / 1_000;
};

const must = (holds: boolean, sentence: string): void => {
  if (!holds) throw new Error(`does not hold: ${sentence}`);
  say(`holds: ${sentence}`);
};

const perSecond = (events: number, time: number): string => `${Math.round(events / time)} events/s`;

interface Bench {
  readonly servers: string;
  readonly url: string;
  readonly data: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly events: number;
  readonly running: Map<string, ServerProcess>;
  readonly peakMb: () => number;
}

const get = async ({ url }: Pick<Bench, 'url'>, path: string): Promise<unknown> =>
  (await fetch(`${url}${path}`)).json();

const start = ({ running, environment }: Bench, role: string): void => {
  running.set(role, startTidemark(['serve', '--roles', role, '--json'], environment));
};

/** Real orders through the real engine, once: the events that are multiplied. */
const realEvents = async (servers: string, folder: string): Promise<void> => {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const environment = {
    PORT: String(port),
    BASE_URL: url,
    DATA_DIR: folder,
    KAFKA_BROKERS: servers,
    KAFKA_TOPIC_PREFIX: 'real-',
  };
  const server = startTidemark(['serve'], environment);
  await eventually('the server is ready', () => isReady(url));
  const orders = process.env['ORDERS_DIR'];
  const demo = await runTidemarkLong(['demo'], {
    BASE_URL: url,
    ...(orders === undefined ? {} : { ORDERS_DIR: orders }),
  });
  if (demo.status !== 0) throw new Error(demo.output);
  await server.end('SIGTERM');
};

const runTidemarkLong = async (parameters: ReadonlyArray<string>, environment: Readonly<Record<string, string>>) => {
  const child = startTidemark(parameters, environment);
  await eventually(`${parameters[0] ?? ''} ends`, async () => Promise.resolve(!child.isRunning()), LONG_MS);
  return { status: await child.end('SIGTERM'), output: child.output() };
};

/** The highest resident size of every process of the projections' role, sampled. */
const watchMemory = (running: ReadonlyMap<string, ServerProcess>, over: AbortSignal): (() => number) => {
  let peakMb = 0;
  const look = async (): Promise<void> => {
    while (!over.aborted) {
      const pid = running.get('projections')?.pid;
      const file = `/proc/${pid ?? 0}/status`;
      if (pid !== undefined && existsSync(file)) {
        const kb = /VmHWM:\s+(\d+) kB/.exec(readFileSync(file, 'utf8'))?.[1];
        peakMb = Math.max(peakMb, Number(kb ?? 0) / 1_024);
      }
      await systemClock.sleep(500, over);
    }
  };
  void look();
  return () => Math.round(peakMb);
};

const groupsAreEven = async (bench: Bench): Promise<boolean> => {
  const { items } = (await get(bench, '/ops/groups')) as {
    items: { lag: number | null; state: string; partitions: { nextOffset: number }[] }[];
  };
  const relay = (await get(bench, '/ops/relay')) as { lagEvents: number };
  const isEven = items.every(({ lag, state }) => lag === 0 && state === 'running');
  return relay.lagEvents === 0 && items.length === PROJECTIONS.length && isEven;
};

const fill = async (bench: Bench): Promise<void> => {
  start(bench, 'api');
  await eventually('the API is ready', () => isReady(bench.url), 60_000).catch((error: unknown) => {
    throw new Error(`${String(error)}\n${bench.running.get('api')?.output() ?? ''}`);
  });
  start(bench, 'relay');
  const published = await seconds(() =>
    eventually(
      'all is published',
      async () => ((await get(bench, '/ops/relay')) as { cursor: number }).cursor >= bench.events,
      LONG_MS,
    ),
  );
  say(`the relay publishes ${bench.events} events in ${published.toFixed(1)} s: ${perSecond(bench.events, published)}`);
  start(bench, 'projections');
  const projected = await seconds(() => eventually('the groups are even', () => groupsAreEven(bench), LONG_MS));
  say(`four projections take all of it in within ${projected.toFixed(1)} s`);
};

const rebuildAsked = async ({ environment }: Bench, ...parameters: ReadonlyArray<string>) => {
  const { status, output } = await runTidemarkLong(['rebuild', ...parameters, '--json'], environment);
  const last = new Map(
    output
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as RebuildStatus)
      .map((each) => [each.projection, each]),
  );
  return { status, statuses: [...last.values()], output };
};

/** Posts orders until it is told to stop; answers how many. */
const commandsArriving = (bench: Bench, prefix: string) => {
  let count = 0;
  const stopping = new AbortController();
  const posting = (async () => {
    while (!stopping.signal.aborted) {
      count += 1;
      await placeOrder(bench, `${prefix}${count}`);
      await systemClock.sleep(10);
    }
  })();
  return async (): Promise<number> => {
    stopping.abort();
    await posting;
    return count;
  };
};

const placeOrder = async ({ url }: Bench, id: string): Promise<void> => {
  const lines = [{ sku: 'kettle', quantity: 1, unitPrice: 1_250, freight: 300 }];
  const body = { customerId: 'arriving', currency: 'BRL', placedAt: '2018-09-01T12:00:00Z', lines };
  const { status } = await post(url, `/orders/${id}/place`, body);
  if (status > 201) throw new Error(`order ${id}: ${status}`);
};

const rebuilds = async (bench: Bench): Promise<void> => {
  const topics = ['orders', 'stock', 'payments'].map((name) => `big-${name}`);
  const plain = await consumePlainly(bench.servers, topics, bench.events);
  say(`plain consumption of the same log: ${plain.toFixed(1)} s, ${perSecond(bench.events, plain)}`);
  const ofSummary = topics.filter((name) => !name.endsWith('stock'));
  const records = await recordsOf(bench, 'order-summary');
  const plainSummary = await consumePlainly(bench.servers, ofSummary, records);

  const stop = commandsArriving(bench, 'n');
  let one: Awaited<ReturnType<typeof rebuildAsked>> | undefined;
  const alone = await seconds(async () => {
    one = await rebuildAsked(bench, 'order-summary');
  });
  must(
    one?.status === 0 && one.statuses[0]?.proof?.['equal'] === true,
    'the rebuild proves itself equal while commands arrive',
  );
  say(
    `order-summary: ${records} events in ${alone.toFixed(1)} s, ${perSecond(records, alone)}; plain consumption of its topics ` +
      `${plainSummary.toFixed(1)} s: ratio ${(plainSummary / alone).toFixed(2)}`,
  );
  let all: Awaited<ReturnType<typeof rebuildAsked>> | undefined;
  const together = await seconds(async () => {
    all = await rebuildAsked(bench, ...PROJECTIONS);
  });
  must(
    all?.statuses.every(({ proof }) => proof?.['equal'] === true) ?? false,
    'four projections in one pass prove themselves equal',
  );
  say(
    `all four in one pass: ${together.toFixed(1)} s, ${perSecond(bench.events, together)}; ratio ${(plain / together).toFixed(2)}`,
  );
  say(`${await stop()} orders were placed meanwhile`);
};

const recordsOf = async (bench: Bench, group: string): Promise<number> => {
  const { items } = (await get(bench, '/ops/groups')) as {
    items: { group: string; partitions: { nextOffset: number }[] }[];
  };
  const partitions = items.find((each) => each.group === group)?.partitions ?? [];
  return partitions.reduce((sum, { nextOffset }) => sum + nextOffset, 0);
};

const killedRebuild = async (bench: Bench): Promise<void> => {
  const stop = commandsArriving(bench, 'k');
  const asking = rebuildAsked(bench, ...PROJECTIONS);
  const over = new AbortController();
  void asking.then(() => {
    over.abort();
  });
  let kills = 0;
  while (kills < 3) {
    const total = (await get(bench, '/ops/projections')) as { items: { rebuild: RebuildStatus | null }[] };
    const running = total.items.map(({ rebuild }) => rebuild).find((each) => each?.state === 'running');
    const share = (running?.done ?? 0) / Math.max(1, running?.total ?? 1);
    if (over.signal.aborted) throw new Error('the rebuild was over before it was killed three times');
    if (running?.total !== null && running !== undefined && share > 0.2 * (kills + 1)) {
      await bench.running.get('projections')?.end('SIGKILL');
      kills += 1;
      say(`killed at ${Math.round(share * 100)} %`);
      start(bench, 'projections');
    }
    await systemClock.sleep(50);
  }
  const { status, statuses } = await asking;
  must(
    status === 0 && statuses.every(({ proof }) => proof?.['equal'] === true),
    'killed three times on the way it ends the same',
  );
  say(`${await stop()} orders were placed meanwhile`);
  await eventually('the groups are even', () => groupsAreEven(bench), LONG_MS);
};

const plantedBug = async (bench: Bench): Promise<void> => {
  const clean = await seconds(async () => {
    const { status, output } = await runTidemarkLong(['verify', 'order-summary'], bench.environment);
    must(status === 0, `verify agrees: ${output.trim().split('\n').at(-1) ?? ''}`);
  });
  say(`verify order-summary takes ${clean.toFixed(1)} s`);
  await bench.running.get('projections')?.end('SIGTERM');
  const planted = spawn(process.execPath, [join(__dirname, 'planted-projections.js')], {
    env: { PATH: process.env['PATH'] ?? '', ...bench.environment },
    stdio: 'ignore',
  });
  for (let index = 0; index < 25; index += 1) await placeOrder(bench, `b${index}`);
  await eventually(
    'the bug has done its work',
    async () => {
      const response = await fetch(`${bench.url}/views/order-summary/b24`);
      return response.ok && ((await response.json()) as { amount: number }).amount === 1_551;
    },
    60_000,
  );
  planted.kill('SIGTERM');
  await new Promise((resolve) => planted.on('exit', resolve));
  start(bench, 'projections');
  const verified = await runTidemarkLong(['verify', 'order-summary'], bench.environment);
  must(
    verified.status === 1 && /25 differ/.test(verified.output),
    'the planted bug is caught by verify: 25 rows differ',
  );
  const told = await seconds(async () => {
    const explained = await runTidemarkLong(['explain', 'order-summary', 'b7'], bench.environment);
    must(
      /but its events make .*"amount":1550/.test(explained.output) && /order-b7@1 OrderPlaced/.test(explained.output),
      'explain tells which event made the row, and what it should say',
    );
  });
  say(`explain takes ${told.toFixed(1)} s`);
  const waiting = await rebuildAsked(bench, 'order-summary');
  must(waiting.status === 2 && waiting.statuses[0]?.differences?.count === 25, 'a rebuild waits, with the 25 rows');
  const accepted = await rebuildAsked(bench, '--accept-differences', String(waiting.statuses[0]?.id ?? 0));
  must(accepted.status === 0, 'accepted, it is served');
};

const corruptedLog = async (bench: Bench): Promise<void> => {
  let output = '';
  const clean = await seconds(async () => {
    const verified = await runTidemarkLong(['verify', '--log'], bench.environment);
    output = verified.output.trim().split('\n').at(-1) ?? '';
    must(verified.status === 0, `verify --log agrees: ${verified.status === 0 ? output : verified.output}`);
  });
  say(`verify --log takes ${clean.toFixed(1)} s`);
  const configuration = { kafka: { brokers: bench.servers, securityProtocol: 'plaintext' as const } };
  const log = await openLog({ configuration, clock: systemClock, logger: silentLogger });
  const store = openEventReader(join(bench.data, 'store.sqlite'));
  await publishCorrupted(log, store, 'bad-', bench.events);
  const found = await compareCorrupted(log, store, 'bad-', bench.events);
  for (const { kind, topic, partition, offset, id, detail } of found.findings) {
    say(`  ${kind}: ${topic}/${partition} ${offset ?? ''} ${id ?? ''}: ${detail}`);
  }
  const { missing, extra, outOfOrder, altered } = found;
  must(
    [missing, extra, outOfOrder, altered].join() === '1,1,1,1',
    'verify --log finds each of four planted corruptions',
  );
  say(`this process came to ${Math.round(process.resourceUsage().maxRSS / 1_024)} MB`);
  store.close();
  await log.close();
};

const main = async (): Promise<void> => {
  const root = mkdtempSync(join(tmpdir(), 'tidemark-scale-'));
  const kafka = await ownKafka();
  const over = new AbortController();
  const running = new Map<string, ServerProcess>();
  try {
    const real = join(root, 'real');
    const data = join(root, 'big');
    say('real orders go through the engine');
    await realEvents(kafka.servers, real);
    let events = 0;
    const imported = await seconds(async () => {
      events = await multiplyStore(real, data, LEAST_EVENTS);
    });
    say(`${events} events are imported in ${imported.toFixed(1)} s: ${perSecond(events, imported)}`);
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const environment = {
      PORT: String(port),
      BASE_URL: url,
      DATA_DIR: data,
      KAFKA_BROKERS: kafka.servers,
      KAFKA_TOPIC_PREFIX: 'big-',
      SCHEMA_BASE_URL: 'http://schemas.example',
      // What an installation that is short of memory would set: see the README.
      MALLOC_ARENA_MAX: '2',
      NODE_OPTIONS: '--max-semi-space-size=4 --max-old-space-size=128',
    };
    const peakMb = watchMemory(running, over.signal);
    const bench: Bench = { servers: kafka.servers, url, data, environment, events, running, peakMb };
    await fill(bench);
    say(`memory of the projections so far: ${peakMb()} MB at most`);
    await rebuilds(bench);
    say(`memory of the projections so far: ${peakMb()} MB at most`);
    await killedRebuild(bench);
    say(`memory of the projections so far: ${peakMb()} MB at most`);
    await plantedBug(bench);
    say(`memory of the projections so far: ${peakMb()} MB at most`);
    await corruptedLog(bench);
    say(`memory of the projections so far: ${peakMb()} MB at most`);
    must(
      peakMb() < MEMORY_LIMIT_MB,
      `the projections' process stayed under ${MEMORY_LIMIT_MB} MB: ${peakMb()} MB at most`,
    );
  } finally {
    over.abort();
    for (const each of running.values()) await each.end('SIGKILL');
    await kafka.stop();
    rmSync(root, { recursive: true, force: true });
  }
};

main().then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    process.exit(1);
  },
);
