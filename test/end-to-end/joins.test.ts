/** The lending library on a real broker: loans and members in two topics, their joined view rebuilt, proven, verified and explained. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { openForWriting } from '../../infra/sqlite/database';
import { viewsMigrations } from '../../projections/engine/generations/schema';
import { kafkaSpec } from '../support/kafka-spec';
import { lastStatuses } from '../support/rebuild-statuses';
import { eventually, freePort, isReady, runTidemark, startTidemark, type ServerProcess } from '../support/server';

const APPLICATION = join(__dirname, '..', 'examples', 'library', 'application.js');
const MEMBERS = 6;
const LOANS = 30;

kafkaSpec('rows joined over two topics', ({ test, before, after }, broker) => {
  let url = '';
  let environment: Readonly<Record<string, string>> = {};
  let server: ServerProcess | undefined;
  const data = mkdtempSync(join(tmpdir(), 'tidemark-joins-'));
  const tidemark = (...parameters: ReadonlyArray<string>) =>
    runTidemark(['--app', APPLICATION, ...parameters], environment);
  const get = async (path: string): Promise<{ readonly [name: string]: unknown; readonly items: never }> =>
    (await (await fetch(`${url}${path}`)).json()) as never;
  const post = async (path: string, body: object): Promise<void> => {
    const answer = await fetch(`${url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    assert.ok(answer.ok, `${path}: ${answer.status} ${await answer.text()}`);
  };
  const at = (day: number): string => `2026-01-${String(day).padStart(2, '0')}T10:00:00Z`;
  const settled = async (): Promise<void> =>
    eventually(
      'nothing is on its way',
      async () => {
        const relay = await get('/ops/relay');
        const { items } = (await get('/ops/groups')) as { items: { lag: number | null; state: string }[] };
        const still = relay['lagEvents'] === 0 && relay['state'] === 'running';
        return still && items.length >= 3 && items.every(({ lag, state }) => lag === 0 && state === 'running');
      },
      60_000,
    );

  before(async () => {
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    environment = {
      PORT: String(port),
      BASE_URL: url,
      DATA_DIR: data,
      KAFKA_BROKERS: broker.servers,
      KAFKA_TOPIC_PREFIX: broker.topicPrefix(),
    };
    server = startTidemark(['--app', APPLICATION, 'serve'], environment);
    await eventually('the server is ready', () => isReady(url)).catch((error: unknown) => {
      throw new Error(`${String(error)}\n${server?.output() ?? ''}`);
    });
    for (let loan = 0; loan < LOANS; loan += 1) {
      const memberId = `m${loan % MEMBERS}`;
      await post(`/loans/l${loan}/lend`, { memberId, lentAt: at(1 + (loan % 9)), desk: 'counter' });
      if (loan < MEMBERS) await post(`/members/${memberId}/register`, { name: `Name ${loan}`, registeredAt: at(1) });
      if (loan % 3 === 0) await post(`/loans/l${loan}/return`, { returnedAt: at(20) });
    }
    for (let member = 0; member < MEMBERS; member += 2)
      await post(`/members/m${member}/rename`, { name: `New name ${member}`, renamedAt: at(2) });
    await post('/members/m5/leave', { leftAt: at(3) });
    await settled();
  });
  after(async () => {
    await server?.end('SIGKILL');
  });

  const nameOf = (member: number): string | null =>
    member === 5 ? null : member % 2 === 0 ? `New name ${member}` : `Name ${member}`;

  test('show what both topics say, filtered and sorted', async () => {
    const { items } = (await get('/views/loan-list?limit=100&columns=memberId,memberName')) as {
      items: { memberId: string; memberName: string | null }[];
    };
    assert.is(items.length, LOANS);
    for (const { memberId, memberName } of items) assert.is(memberName, nameOf(Number(memberId.slice(1))));
    const open = await get('/views/loan-list?returnedAt.null=true&memberName=Name%201&sort=-lentAt&columns=lentAt');
    const days = (open.items as { lentAt: string }[]).map(({ lentAt }) => lentAt);
    assert.equal(days, [...days].sort().reverse());
    assert.ok(days.length > 0);
    const due = (await get('/views/due-dates?kind=return&limit=100')).items as unknown[];
    assert.is(due.length, LOANS - LOANS / 3);
  });

  for (const from of ['kafka', 'store'] as const)
    test(`are rebuilt from the ${from} and proven equal, with what they are joined with and what was removed`, async () => {
      const { status, output } = await tidemark('rebuild', 'loan-list', 'due-dates', '--from', from, '--json');
      assert.is(status, 0, output);
      const statuses = lastStatuses(output);
      assert.is(statuses.size, 2);
      for (const { state, proof, from: source } of statuses.values()) {
        assert.equal([state, source], ['done', from]);
        assert.is(proof?.['equal'], true, output);
        const store = proof?.['store'] as { equal: boolean; topics: { topic: string; events: number }[] };
        assert.is(store.equal, true);
        assert.ok(store.topics.every(({ events }) => events > 0));
      }
      const verified = await tidemark('verify', 'loan-list', 'due-dates');
      assert.is(verified.status, 0, verified.output);
    });

  test('are explained by the events of both streams, and a wrong one is found with them', async () => {
    const explained = await get('/ops/explain/loan-list/l0');
    assert.is(explained['agrees'], true);
    const ids = (explained['history'] as { id: string }[]).map(({ id }) => id);
    assert.equal(new Set(ids), new Set(['loan-l0@1', 'loan-l0@2', 'member-m0@1', 'member-m0@2']));
    const { items } = (await get('/ops/projections')) as { items: { name: string; generation: number }[] };
    const generation = items.find(({ name }) => name === 'loan-list')?.generation ?? 0;
    const file = join(data, 'views.sqlite');
    const database = openForWriting({ file, synchronous: 'NORMAL', migrations: viewsMigrations });
    database.exec(`UPDATE "loan-list#${generation}" SET memberName = 'Eve' WHERE loanId = 'l0'`);
    database.close();
    const verified = await tidemark('verify', 'loan-list', '--json');
    assert.is(verified.status, 1, verified.output);
    for (const id of ['loan-l0@1', 'member-m0@2']) assert.ok(verified.output.includes(id), verified.output);
    const repaired = await tidemark('rebuild', 'loan-list', '--key', 'l0');
    assert.is(repaired.status, 0, repaired.output);
    assert.is((await tidemark('verify', 'loan-list')).status, 0);
  });
});
