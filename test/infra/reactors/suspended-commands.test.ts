/** Suspended commands and deadlines are resumed when an operator releases them, without a restart. */
import { openEventFeed } from '../../../infra/sqlite/event-feed';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { fulfilmentWithin } from '../../../domain/fulfilment/fulfilment';
import { systemClock } from '../../../infra/clock';
import type { OperationKind } from '../../../infra/commands/operation-requests';
import { readFailedRequests } from '../../../infra/sqlite/consumer-file/failed-requests';
import { silentLogger } from '../../../infra/logger';
import type { AnyProcessManager } from '../../../domain/kernel/process-manager';
import type { SetAsideEntry } from '../../../infra/reactors/processes/processes';
import { readReactorGroups, readSetAsideIn } from '../../../infra/reactors/reactor-status';
import { startReactors } from '../../../infra/reactors/reactors';
import type { Role } from '../../../infra/running/role';
import { openForReading } from '../../../infra/sqlite/database';
import { kafkaSpec } from '../../support/kafka-spec';
import { localServer, type LocalServer, type ServedAnswer } from '../../support/local-server';
import { eventually } from '../../support/server';
import { relayWorld, type RelayWorld } from '../relay/relay-fixture';
import { temporaryFolder } from '../sqlite/temporary-folder';

const placed = {
  orderId: 'o1',
  customerId: 'c1',
  currency: 'EUR',
  amount: 1_000,
  placedAt: '2018-03-01T08:00:00Z',
  lines: [{ sku: 'kettle', quantity: 1, unitPrice: 900, freight: 100 }],
};
const unknown: ServedAnswer = { status: 404, body: { type: '/problems/unknown-command', title: 'T', detail: 'D' } };
const accepted: ServedAnswer = { status: 201, body: { stream: 'stock-kettle' } };
const noKey: ServedAnswer = { status: 401, body: { type: '/problems/unauthenticated', title: 'T', detail: 'D' } };

kafkaSpec('what the reactors set aside', ({ test, before, after }, broker) => {
  const file = join(temporaryFolder(), 'reactors.sqlite');
  let world: RelayWorld;
  let api: LocalServer;
  let role: Role | undefined;
  let answer = noKey;
  let isTermBroken = true;

  /** Throws at deadlines as long as a test wants it to. */
  const manager = (): AnyProcessManager => {
    const sound: AnyProcessManager = fulfilmentWithin(200);
    return {
      ...sound,
      step: (state, input) => {
        if (isTermBroken && input._tag === 'DeadlinePassed') throw new TypeError('no reminder');
        return sound.step(state, input);
      },
    };
  };
  const setAside = (): ReadonlyArray<SetAsideEntry> => readSetAsideIn(file, { status: 'open' }, 10);
  const ask = (kind: OperationKind, body: object): number =>
    world.store.submit({ kind, body: JSON.stringify(body), actor: 'ada' }).id;
  const numberOf = ({ id }: SetAsideEntry): number => Number(id.split(':')[1]);
  const group = () => readReactorGroups(file).find((each) => each.group === 'fulfilment');
  const until = (what: string, holds: () => boolean): Promise<void> =>
    eventually(what, async () => Promise.resolve(holds()));

  before(async () => {
    world = await relayWorld(broker.servers, broker.topicPrefix());
    world.start();
    api = await localServer(() => answer);
    role = startReactors({
      log: world.log,
      catalog: world.catalog,
      clock: systemClock,
      logger: silentLogger,
      signal: new AbortController().signal,
      leaseTtlMs: 2_000,
      acceptNewLog: false,
      reactorsFile: file,
      openStore: () => openEventFeed(world.storeFile),
      processManagers: [manager()],
      api: { baseUrl: api.url },
    });
    await world.store.append({
      streams: [
        {
          stream: 'order-o1',
          expectedVersion: 'any',
          events: [{ type: 'OrderPlaced', schemaVersion: 1, data: placed }],
        },
      ],
      metadata: { correlationId: 'c', causationId: 'd', actor: 'tester' },
    })();
  });
  after(async () => {
    await role?.stop();
    await api.close();
    await world.close();
  });

  test('does not include commands that fail because the key is wrong: the group reports it, and they stay pending', async () => {
    await until('the group says that its key is wrong', () => group()?.state === 'retrying');
    assert.match(
      group()?.reason ?? '',
      /commands are sent again and again: the reactors have no valid key: set API_KEY/,
    );
    assert.ok(!setAside().some(({ kind }) => kind === 'command'));
  });

  test('includes a command that the API refuses, once the key works, and a deadline whose process throws', async () => {
    answer = unknown;
    await until('both are set aside', () => setAside().length === 2);
    assert.equal(
      setAside()
        .map(({ kind, instance, reason }) => [kind, instance, reason])
        .sort(),
      [
        ['command', 'o1', '404 /problems/unknown-command: D'],
        ['deadline', 'o1', 'no reminder'],
      ],
    );
    assert.match(group()?.reason ?? '', /2 commands or deadlines are suspended .*tidemark commands list/);
  });

  test('is released by an operator without a restart, and stays in the audit', async () => {
    answer = accepted;
    isTermBroken = false;
    const sent = api.requests.length;
    const entries = setAside();
    const ids = entries.map((entry) => ask('command-release', { group: 'fulfilment', number: numberOf(entry) }));
    await until('nothing is set aside any more', () => setAside().length === 0);
    await until('the command is sent again', () => api.requests.length > sent);
    await until('the group has nothing to say', () => group()?.reason === null);
    const audits = readSetAsideIn(file, { status: 'released' }, 10).flatMap(({ audit }) =>
      audit.filter(({ action }) => action === 'released').map(({ actor, requestId }) => [actor, requestId]),
    );
    assert.equal(audits.sort(), ids.map((id) => ['ada', id]).sort());
  });

  test('that does not exist cannot be released: the request fails, and delays no other', async () => {
    const bad = [
      ask('command-release', { group: 'fulfilment', number: 99 }),
      ask('command-release', { group: 'fulfilment', number: 0.5 }),
      ask('command-discard', { group: 'fulfilment', number: 1 }),
      ask('command-release', { group: 'nobody', number: 1 }),
    ];
    await until('all of them are failed', () => {
      const database = openForReading(file);
      const failed = readFailedRequests(database, 10).map(({ id }) => id);
      database.close();
      return bad.every((id) => failed.includes(id));
    });
    assert.is(group()?.state, 'running');
  });
});
