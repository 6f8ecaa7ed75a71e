/**
 * Replaying at scale, on a real Kafka: a million events (real orders, multiplied), a rebuild that proves itself while
 * commands arrive and the process is killed, a planted bug, and a corrupted log. Prints the figures and notes them beside the
 * other benchmarks' in results.json.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ownKafka } from '../../support/own-kafka';
import { eventually, freePort, isReady, startTidemark, type ServerProcess } from '../../support/server';
import { noteResults } from '../benchmark-results';
import { multiplyStore } from './many-events';
import { corruptedLog, plantedBug } from './scale-faults';
import { killedRebuild, rebuilds } from './scale-rebuilds';
import {
  get,
  groupsAreEven,
  LONG_MS,
  must,
  perSecond,
  runToEnd,
  say,
  seconds,
  start,
  type Bench,
  type Figures,
} from './scale-world';

const MIN_EVENTS = Number(process.env['EVENTS'] ?? 1_000_000);
const MEMORY_LIMIT_MB = 300;

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
  const demoEnvironment = { BASE_URL: url, ...(orders === undefined ? {} : { ORDERS_DIR: orders }) };
  const demo = await runToEnd({ environment: demoEnvironment, peaksMb: new Map() }, ['demo']);
  if (demo.status !== 0) throw new Error(demo.output);
  await server.end('SIGTERM');
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
  Object.assign(bench.figures, { publishSeconds: published, projectSeconds: projected });
};

/** Everything, in turn, on one Kafka. */
const runAll = async (root: string, servers: string, running: Map<string, ServerProcess>): Promise<Figures> => {
  const real = join(root, 'real');
  const data = join(root, 'big');
  say('real orders go through the engine');
  await realEvents(servers, real);
  let events = 0;
  const imported = await seconds(async () => {
    events = await multiplyStore(real, data, MIN_EVENTS);
  });
  say(`${events} events are imported in ${imported.toFixed(1)} s: ${perSecond(events, imported)}`);
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const environment = {
    PORT: String(port),
    BASE_URL: url,
    DATA_DIR: data,
    KAFKA_BROKERS: servers,
    KAFKA_TOPIC_PREFIX: 'big-',
    SCHEMA_BASE_URL: 'http://schemas.example',
  };
  const figures: Figures = { events, importSeconds: imported };
  const peaksMb = new Map<string, number>();
  const bench: Bench = { servers, url, data, environment, events, running, peaksMb, figures };
  await fill(bench);
  await rebuilds(bench);
  await killedRebuild(bench);
  await plantedBug(bench);
  await corruptedLog(bench);
  for (const [name, megabytes] of peaksMb) say(`memory of ${name}: ${megabytes} MB at most`);
  for (const name of ['projections', 'verify', 'verify --log']) {
    const megabytes = peaksMb.get(name) ?? 0;
    must(megabytes > 0 && megabytes < MEMORY_LIMIT_MB, `${name} stayed under ${MEMORY_LIMIT_MB} MB: ${megabytes} MB`);
  }
  return { ...figures, projectionsMemoryMb: peaksMb.get('projections') ?? 0 };
};

const main = async (): Promise<void> => {
  const root = mkdtempSync(join(tmpdir(), 'tidemark-scale-'));
  const kafka = await ownKafka();
  const running = new Map<string, ServerProcess>();
  try {
    noteResults('replayAtScale', await runAll(root, kafka.servers, running));
  } finally {
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
