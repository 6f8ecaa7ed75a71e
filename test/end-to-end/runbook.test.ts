/** The runbook (docs/runbook.md), command by command, on a real Kafka: from "the group is behind" to everything redriven. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { produceRaw } from '../support/broker-admin';
import { kafkaSpec } from '../support/kafka-spec';
import { eventually, freePort, isReady, runTidemark, startTidemark, type ServerProcess } from '../support/server';
import { post } from '../support/workload';

const runbook = readFileSync(join(__dirname, '..', '..', '..', 'docs', 'runbook.md'), 'utf8');

/** Every command of the runbook, as its words. */
const commands = [...runbook.matchAll(/^ {4}npx tidemark (.+)$/gm)].map(([, line = '']) =>
  [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? ''),
);

type Row = Readonly<Record<string, unknown>>;

kafkaSpec('the runbook', ({ test, before, after }, broker) => {
  let url = '';
  let environment: Readonly<Record<string, string>> = {};
  const servers: ServerProcess[] = [];
  let release: ChildProcess | undefined;
  let printed = '';
  const prefix = broker.topicPrefix();
  const run: Set<string> = new Set();

  /** Runs a command of the runbook with real values in place of its examples. */
  const tidemark = async (index: number, values: Readonly<Record<string, string>> = {}): Promise<string> => {
    const words = (commands[index] ?? []).map((word) => values[word] ?? word);
    run.add(String(index));
    const { status, output } = await runTidemark(words, { BASE_URL: url, API_KEY: 'operator-key' });
    assert.is(status, 0, `tidemark ${words.join(' ')}\n${output}`);
    return output;
  };
  const get = async (path: string, headers: Readonly<Record<string, string>> = {}): Promise<readonly [number, Row]> => {
    const response = await fetch(`${url}${path}`, { headers: { authorization: 'Bearer operator-key', ...headers } });
    return [response.status, (await response.json()) as Row];
  };
  const rowIs = async (id: string, status: string): Promise<void> =>
    eventually(`${id} is ${status}`, async () => (await get(`/views/order-summary/${id}`))[1]['status'] === status);

  before(async () => {
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    environment = {
      PORT: String(port),
      DATA_DIR: mkdtempSync(join(tmpdir(), 'tidemark-runbook-')),
      KAFKA_BROKERS: broker.servers,
      KAFKA_TOPIC_PREFIX: prefix,
      LEASE_TTL_MS: '1000',
    };
    servers.push(startTidemark(['serve', '--roles', 'api,relay,reactors'], environment));
    await eventually('the API is ready', () => isReady(url));
    release = spawn(process.execPath, [join(__dirname, 'serve-bad-release.js')], {
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    release.stdout?.on('data', (chunk: Buffer) => (printed += chunk.toString('utf8')));
    // Nothing is in stock, so that every order is cancelled for it.
    for (const orderId of ['bad-1', 'good-1', 'bad-2', 'good-2', 'good-3']) {
      const lines = [{ sku: 'none', quantity: 1, unitPrice: 100, freight: 0 }];
      const { status } = await post(url, `/orders/${orderId}/place`, {
        customerId: 'c1',
        currency: 'EUR',
        placedAt: '2018-03-01T08:00:00Z',
        lines,
      });
      assert.is(status, 201);
    }
    const garbage = { topic: `${prefix}orders`, partition: 0, key: 'x', value: Buffer.from('{') };
    await eventually('the topic is there', async () => produceRaw(broker.servers, garbage).then(() => true));
    for (const id of ['good-1', 'good-2', 'good-3']) await rowIs(id, 'cancelled');
    await eventually('three have failed', async () => {
      const [, body] = await get('/ops/dead-letters?group=order-summary');
      return (body['items'] as ReadonlyArray<Row>).length === 3;
    });
  });
  after(async () => {
    release?.kill('SIGKILL');
    for (const server of servers) await server.end('SIGKILL');
  });

  const letters = async (): Promise<ReadonlyArray<Row>> =>
    (await get('/ops/dead-letters?group=order-summary&status=open'))[1]['items'] as ReadonlyArray<Row>;

  test('has the commands that this test knows', () => {
    const texts = commands.map((words) => words.slice(0, 2).join(' '));
    assert.equal(texts, [
      'lag',
      'dead-letters list',
      'dead-letters show',
      'dead-letters assign',
      'dead-letters note',
      'redrive plan',
      'redrive run',
      'redrive pause',
      'dead-letters discard',
      'dead-letters list',
    ]);
  });

  test('finds one line in the log for each failure of the handler, with group, event and stack', async () => {
    const thrown = (): ReadonlyArray<Row> =>
      printed
        .split('\n')
        .flatMap((line) => (line.startsWith('{') ? [JSON.parse(line) as Row] : []))
        .filter(({ stack }) => typeof stack === 'string');
    await eventually('both failures are logged', async () => Promise.resolve(thrown().length >= 2));
    assert.equal(
      thrown()
        .map(({ level, group, eventId }) => [level, group, eventId])
        .sort(),
      [
        [50, 'order-summary', 'order-bad-1@2'],
        [50, 'order-summary', 'order-bad-2@2'],
      ],
    );
    for (const { stack } of thrown()) assert.match(String(stack), /^TypeError: .*taxRate.*\n +at .*bad-release/);
  });

  test('shows that rows are stale, and that no wait for what failed helps', async () => {
    const [, row] = await get('/views/order-summary/bad-1');
    assert.equal([row['status'], row['stale']], ['placed', true]);
    const [, good] = await get('/views/order-summary/good-1');
    assert.not('stale' in good);
    const [status, problem] = await get('/views/order-summary/bad-1?wait=20000', {
      'consistency-token': 'order-bad-1@2',
    });
    assert.equal([status, problem['type']], [409, '/problems/event-quarantined']);
  });

  test(
    'leads from the symptom to the cause, the fix, and everything redriven',
    async () => {
      assert.match(await tidemark(0), /order-summary .*3 dead letters are open, and 2 streams are quarantined/);
      const listed = await tidemark(1);
      assert.match(listed, /defect +order-bad-1@2 .*taxRate/);
      const open = await letters();
      const defect = open.find((each) => each['eventId'] === 'order-bad-1@2');
      const garbage = open.find((each) => each['eventId'] === null);
      const id = { 'order-summary:1': String(defect?.['id']) };
      assert.match(await tidemark(2, id), /fingerprint +[0-9a-f]{16}/);
      assert.match(await tidemark(3, id), /assigned: ada/);
      assert.match(await tidemark(4, id), /noted: cancelled orders break/);

      // The fix is released.
      release?.kill('SIGTERM');
      servers.push(startTidemark(['serve', '--roles', 'projections'], environment));
      const planned = await tidemark(5, { '<fingerprint>': String(defect?.['fingerprint']) });
      assert.match(planned, /2 streams, 2 events, at most 200 per second/);
      const [, redrive = ''] = /redrive run (\d+)/.exec(planned) ?? [];
      assert.match(await tidemark(6, { '<id>': redrive }), /done, 2 of 2 keys, 0 failed/);
      await rowIs('bad-1', 'cancelled');
      const [, row] = await get('/views/order-summary/bad-1');
      assert.not('stale' in row);
      await tidemark(7, { '<id>': redrive });
      assert.match(await tidemark(8, { 'order-summary:2': String(garbage?.['id']) }), /discarded: sent by mistake/);
      assert.equal(await letters(), []);
      // Other groups have met the record that is no event, too.
      assert.not.match(await tidemark(9), /order-summary:/);
      const [status] = await get('/views/order-summary/bad-1', { 'consistency-token': 'order-bad-1@2' });
      assert.is(status, 200);
    },
    { timeoutMs: 90_000 },
  );

  test('was run to its last command', () => {
    assert.is(run.size, commands.length);
  });
});
