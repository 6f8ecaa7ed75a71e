/**
 * The fulfilment process manager in two processes at a time, one of which only believes that it runs: each of its commands
 * reaches the store once in effect, whatever is frozen, killed, late or repeated.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { systemClock } from '../../infra/clock';
import { reactorsMigrations } from '../../infra/sqlite/process-store/process-store';
import { categoryOf } from '../../domain/kernel/recorded-event';
import { openForWriting, type Database } from '../../infra/sqlite/database';
import { openEventReader } from '../../infra/sqlite/event-feed';
import { kafkaSpec } from '../support/kafka-spec';
import { localServer, type LocalServer, type ServedAnswer, type ServedRequest } from '../support/local-server';
import { repeatLog } from '../support/log-probe';
import { eventually, freePort, isReady, startTidemark, type ServerProcess } from '../support/server';
import { playOrder, readView, stockUp, type Expectation } from '../support/workload';

const ORDERS = 60;
const CONCURRENT_ORDERS = 6;
/** What happens to the process that runs the reactors around one of its commands. */
const fates = ['killed after the effect', 'frozen after the effect', 'frozen before the effect'] as const;
type Fate = (typeof fates)[number];
const isWritable = (database: Database): boolean => {
  database.pragma('busy_timeout = 50');
  try {
    database.transaction(() => undefined).immediate();
    return true;
  } catch {
    return false;
  }
};
const COMMANDS_BETWEEN_FATES = 25;
const DEADLINE_MS = 30_000;

/** A process with the reactors' role, and what stands between it and the API. */
interface Reactors {
  readonly process: ServerProcess;
  readonly way: LocalServer;
}

kafkaSpec('two processes with reactors', ({ test, before, after }, broker) => {
  const prefix = broker.topicPrefix();
  const topics = ['orders', 'stock', 'payments'].map((name) => `${prefix}${name}`);
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-two-'));
  const fatesMet: Fate[] = [];
  /** The one that runs, and the one that waits for its lease. */
  let alive: Reactors[] = [];
  let others: ServerProcess | undefined;
  let commands = 0;
  let isInFate = false;
  let url = '';
  let environment: Readonly<Record<string, string>> = {};

  let giveUp: (reason: unknown) => 'cut the connection' = () => 'cut the connection';
  const givenUp = new Promise<never>((_resolve, reject) => {
    giveUp = (reason) => {
      reject(reason instanceof Error ? reason : new Error(String(reason)));
      return 'cut the connection';
    };
  });
  givenUp.catch(() => undefined);

  const startReactors = async (): Promise<void> => {
    const way = await localServer(async (request) => answerTo(reactors, request).catch(giveUp));
    const process = startTidemark(['serve', '--roles', 'reactors'], { ...environment, BASE_URL: way.url });
    const reactors: Reactors = { process, way };
    alive.push(reactors);
  };

  const forward = async ({ url: path, headers, body }: ServedRequest): Promise<ServedAnswer> => {
    const names = ['content-type', 'idempotency-key', 'x-correlation-id', 'x-causation-id'];
    const passedOn = Object.fromEntries(names.map((name) => [name, String(headers[name])]));
    const response = await fetch(`${url}${path}`, { method: 'POST', headers: passedOn, body });
    return { status: response.status, text: await response.text() };
  };

  /** Between two transactions: in the middle of one it would hold the file, and nobody could take over before it goes on. */
  const freeze = async ({ process: { pid = 0 } }: Reactors): Promise<void> => {
    const file = join(folder, 'reactors.sqlite');
    for (;;) {
      process.kill(pid, 'SIGSTOP');
      const database = openForWriting({ file, synchronous: 'NORMAL', migrations: reactorsMigrations });
      const isFree = isWritable(database);
      database.close();
      if (isFree) return;
      process.kill(pid, 'SIGCONT');
      await systemClock.sleep(5);
    }
  };

  /** Another one has taken over and asks for the same as the one that is held. */
  const isAskedAgain = async ({ headers }: ServedRequest, held: Reactors): Promise<void> =>
    eventually(
      'the other one asks for the same',
      async () =>
        Promise.resolve(
          alive.some(
            (each) =>
              each !== held &&
              each.way.requests.some((other) => other.headers['idempotency-key'] === headers['idempotency-key']),
          ),
        ),
      DEADLINE_MS,
    );

  const answerTo = async (reactors: Reactors, request: ServedRequest): Promise<ServedAnswer> => {
    commands += 1;
    if (isInFate || commands % COMMANDS_BETWEEN_FATES !== 0 || fatesMet.length >= 2 * fates.length) {
      return forward(request);
    }
    isInFate = true;
    const fate = fates[fatesMet.length % fates.length] ?? 'killed after the effect';
    const answer = fate === 'frozen before the effect' ? undefined : await forward(request);
    if (fate === 'killed after the effect') {
      await reactors.process.end('SIGKILL');
      await isAskedAgain(request, reactors);
    } else {
      await freeze(reactors);
      await isAskedAgain(request, reactors);
      process.kill(reactors.process.pid ?? 0, 'SIGCONT');
    }
    succeed(reactors, fate).catch(giveUp);
    // Where it had not arrived, it arrives now: late, and for a second time.
    return answer ?? forward(request);
  };

  /** Whoever lost the lease ends by itself; another one waits in its place. */
  const succeed = async (reactors: Reactors, fate: Fate): Promise<void> => {
    await eventually('a zombie ends', async () => Promise.resolve(!reactors.process.isRunning()), DEADLINE_MS);
    alive = alive.filter((each) => each !== reactors);
    await reactors.way.close();
    await startReactors();
    fatesMet.push(fate);
    isInFate = false;
  };

  const endAll = async (signal: NodeJS.Signals): Promise<void> => {
    for (const { process, way } of alive.splice(0)) {
      await process.end(signal);
      await way.close();
    }
  };

  /** How often each type of event is there, for each stream. */
  const eventCounts = (): ReadonlyMap<string, number> => {
    const reader = openEventReader(join(folder, 'store.sqlite'));
    const counts = new Map<string, number>();
    for (const { stream, type, payload } of reader.readAll({ afterPosition: 0, limit: 100_000 })) {
      const { orderId = '' } = JSON.parse(payload) as { readonly orderId?: string };
      const key = categoryOf(stream) === 'stock' ? `${orderId} ${type}` : `${stream} ${type}`;
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    reader.close();
    return counts;
  };
  const groupIsEven = async (applied: number): Promise<boolean> => {
    const response = await fetch(`${url}/ops/groups`);
    const { items } = (await response.json()) as {
      readonly items: ReadonlyArray<{
        readonly group: string;
        readonly lag: number | null;
        readonly outcomes: { readonly applied: number; readonly duplicates: number };
      }>;
    };
    const group = items.find((each) => each.group === 'fulfilment');
    return group?.lag === 0 && group.outcomes.applied >= applied;
  };
  const differences = async (expected: ReadonlyArray<Expectation>): Promise<ReadonlyArray<string>> => {
    const rows = new Map((await readView(url, 'order-summary')).map((row) => [row['orderId'], row]));
    return expected.flatMap(({ orderId, status, paid }) => {
      const row = rows.get(orderId);
      return row?.['status'] === status && row['paid'] === paid ? [] : [`${orderId}: ${JSON.stringify(row)}`];
    });
  };

  before(async () => {
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    environment = {
      PORT: String(port),
      DATA_DIR: folder,
      KAFKA_BROKERS: broker.servers,
      KAFKA_TOPIC_PREFIX: prefix,
      LEASE_TTL_MS: '1000',
    };
    others = startTidemark(['serve', '--roles', 'api,relay,projections'], environment);
    await eventually('the API is ready', () => isReady(url));
    await startReactors();
    await startReactors();
  });
  after(async () => {
    await endAll('SIGKILL');
    await others?.end('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });

  let counts: ReadonlyMap<string, number> = new Map();

  test(
    'bring every order to its end, with each event once',
    async () => {
      await stockUp(url, 't-');
      const expected: Expectation[] = [];
      let next = 0;
      const player = async (): Promise<void> => {
        while (next < ORDERS || fatesMet.length < 2 * fates.length) expected.push(await playOrder(url, 't-', next++));
      };
      await Promise.race([givenUp, Promise.all(Array.from({ length: CONCURRENT_ORDERS }, player))]);
      assert.equal(fatesMet, [...fates, ...fates]);
      await eventually(
        'all orders end as expected',
        async () => (await differences(expected)).length === 0,
        DEADLINE_MS,
      );
      // What was cancelled is cleared up: the last of it is no part of an order's row.
      await eventually('the last command is carried out', async () => {
        const before = eventCounts();
        await systemClock.sleep(1_000);
        return eventCounts().size === before.size && before.size > 0;
      });
      counts = eventCounts();
      for (const [what, count] of counts) {
        if (!what.endsWith(' StockReceived')) assert.is(count, 1, what);
      }
      const of = (orderId: string) => (what: string) => counts.get(`${orderId} ${what}`) ?? 0;
      for (const { orderId, status, paid } of expected) {
        const stock = of(orderId);
        const isShort = status === 'cancelled' && stock('StockReserved') === 0;
        assert.is(stock('StockReserved'), isShort ? 0 : 1, orderId);
        assert.is(stock('StockReservationReleased'), status === 'cancelled' && !isShort ? 1 : 0, orderId);
        assert.is(stock('StockDispatched'), status === 'delivered' ? 1 : 0, orderId);
        const captured = counts.get(`payment-${orderId}-1 PaymentCaptured`) ?? 0;
        assert.is(counts.get(`payment-${orderId}-1 PaymentRefunded`) ?? 0, paid === 0 ? captured : 0, orderId);
      }
    },
    { timeoutMs: 240_000 },
  );

  test('take what an aggregate rejects for a business outcome, and nothing for a dead letter', async () => {
    const response = await fetch(`${url}/ops/dead-letters`);
    assert.equal(((await response.json()) as { readonly items: ReadonlyArray<unknown> }).items, []);
    const groups = (await (await fetch(`${url}/ops/groups`)).json()) as {
      readonly items: ReadonlyArray<{ readonly group: string; readonly reason: string | null }>;
    };
    assert.is(groups.items.find(({ group }) => group === 'fulfilment')?.reason, null);
  });

  test(
    'ask for nothing twice when every record is delivered again, and in a replay from the first event',
    async () => {
      await repeatLog(broker.servers, topics);
      await eventually('the repeats are read', () => groupIsEven(0));
      assert.equal(eventCounts(), counts);
      await endAll('SIGTERM');
      for (const suffix of ['', '-wal', '-shm']) rmSync(join(folder, `reactors.sqlite${suffix}`), { force: true });
      await startReactors();
      await eventually('everything is learned again', () => groupIsEven(ORDERS), DEADLINE_MS);
      await eventually('its commands are answered again', async () => {
        const asked = alive[0]?.way.requests.length ?? 0;
        await systemClock.sleep(1_000);
        return asked > ORDERS && alive[0]?.way.requests.length === asked;
      });
      assert.equal(eventCounts(), counts);
    },
    { timeoutMs: 90_000 },
  );
});
