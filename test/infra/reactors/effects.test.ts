/** Effects on a real Kafka: each event is called with one key, its result is recorded once, and faults hold up their own key only. */
import { join } from 'node:path';
import * as t from 'io-ts';
import * as assert from 'uvu/assert';
import { OrderPlaced } from '../../../domain/order/events';
import {
  declined,
  defineEffect,
  done,
  EffectUnavailable,
  tryAgainAt,
  type Effect,
  type EffectOutcome,
  type StartFrom,
} from '../../../domain/kernel/effect';
import { isoTime, systemClock } from '../../../infra/clock';
import type { OperationKind } from '../../../infra/commands/operation-requests';
import { silentLogger } from '../../../infra/logger';
import { readEffectResultsIn, readEffects, readSetAsideIn } from '../../../infra/reactors/reactor-status';
import type { EffectStatus } from '../../../infra/reactors/processes/processes';
import { startReactors } from '../../../infra/reactors/reactors';
import type { Role } from '../../../infra/running/role';
import { openEventFeed } from '../../../infra/sqlite/event-feed';
import { kafkaSpec } from '../../support/kafka-spec';
import { localServer, type LocalServer } from '../../support/local-server';
import { eventually } from '../../support/server';
import { relayWorld, type RelayWorld } from '../relay/relay-fixture';
import { temporaryFolder } from '../sqlite/temporary-folder';

interface Call {
  readonly key: string;
  readonly orderId: string;
  readonly attempt: number;
}

const RESULT = t.strict({ receipt: t.string });
type Receipt = t.TypeOf<typeof RESULT>;

kafkaSpec('effects', ({ test, before, after }, broker) => {
  let world: RelayWorld;
  let api: LocalServer;
  const roles: Role[] = [];
  const calls: Call[] = [];
  let reply: (call: Call) => Promise<EffectOutcome<Receipt>> | EffectOutcome<Receipt> = () => done({ receipt: 'r' });

  const effectNamed = (
    name: string,
    more: { readonly startFrom?: StartFrom; readonly command?: boolean } = {},
  ): Effect =>
    defineEffect({
      name,
      meaning: 'Sends a receipt.',
      owner: 'tests',
      handles: [OrderPlaced],
      result: RESULT,
      timeoutMs: 500,
      maxAttempts: 4,
      startFrom: more.startFrom ?? 'beginning',
      perform: async ({ event, idempotencyKey, attempt }) => {
        const call = { key: idempotencyKey, orderId: event.data.orderId, attempt };
        calls.push(call);
        return reply(call);
      },
      command: ({ data }) =>
        more.command === true
          ? {
              category: 'order',
              aggregateId: data.orderId,
              type: 'confirm',
              data: { confirmedAt: data.placedAt },
            }
          : undefined,
    });

  const run = (file: string, effects: ReadonlyArray<Effect>, dryRun: ReadonlyArray<string> = []): Role => {
    const role = startReactors({
      log: world.log,
      catalog: world.catalog,
      clock: systemClock,
      logger: silentLogger,
      signal: new AbortController().signal,
      leaseTtlMs: 2_000,
      acceptNewLog: false,
      reactorsFile: file,
      openStore: () => openEventFeed(world.storeFile),
      processManagers: [],
      effects: {
        effects,
        settingsOf: () => ({}),
        isDryRun: (name) => dryRun.includes(name),
        observe: () => undefined,
      },
      api: { baseUrl: api.url },
    });
    roles.push(role);
    return role;
  };
  const place = async (...ids: ReadonlyArray<string>): Promise<void> => {
    for (const orderId of ids) {
      const data = {
        orderId,
        customerId: 'c1',
        currency: 'EUR',
        amount: 1_000,
        placedAt: '2018-03-01T08:00:00Z',
        lines: [{ sku: 'kettle', quantity: 1, unitPrice: 900, freight: 100 }],
      };
      await world.store.append({
        streams: [
          {
            stream: `order-${orderId}`,
            expectedVersion: 'any',
            events: [{ type: 'OrderPlaced', schemaVersion: 1, data }],
          },
        ],
        metadata: { correlationId: `c-${orderId}`, causationId: 'd', actor: 'tester' },
      })();
    }
  };
  const statusIn = (file: string, effect: Effect): EffectStatus => {
    const [status] = readEffects(file, [effect]);
    if (status === undefined) throw new Error('every declared effect has a status');
    return status;
  };
  const until = (what: string, holds: () => boolean): Promise<void> =>
    eventually(what, async () => Promise.resolve(holds()));
  const ask = (kind: OperationKind, body: object): number =>
    world.store.submit({ kind, body: JSON.stringify(body), actor: 'ada' }).id;
  const callsOf = (effect: string, orderId: string): ReadonlyArray<Call> =>
    calls.filter((call) => call.key.startsWith(`${effect}/`) && call.orderId === orderId);
  const newFile = (): string => join(temporaryFolder(), 'reactors.sqlite');

  before(async () => {
    world = await relayWorld(broker.servers, broker.topicPrefix());
    world.start();
    api = await localServer(() => ({ status: 201, body: { stream: 'order-a1' } }));
  });
  after(async () => {
    for (const role of roles) await role.stop();
    await api.close();
    await world.close();
  });

  test('are called once an event, under a key of the event, and their result is recorded', async () => {
    const file = newFile();
    const effect = effectNamed('receipt', { command: true });
    await place('a1', 'a2');
    const role = run(file, [effect]);
    await until('both are done', () => statusIn(file, effect).done === 2);
    assert.equal(callsOf('receipt', 'a1'), [{ key: 'receipt/order-a1@1', orderId: 'a1', attempt: 1 }]);
    const [result] = readEffectResultsIn(file, { effect: 'receipt', key: 'receipt/order-a2@1' }, 10);
    assert.equal([result?.outcome, result?.result, result?.attempts], ['done', { receipt: 'r' }, 1]);
    await until('the commands that follow are sent', () => api.requests.length === 2);
    assert.equal(api.requests.map(({ headers, url }) => [url, headers['idempotency-key']]).sort(), [
      ['/orders/a1/confirm', 'receipt/order-a1@1'],
      ['/orders/a2/confirm', 'receipt/order-a2@1'],
    ]);
    await role.stop();

    // A restart, and a replay of everything from offset zero, call nothing again.
    run(file, [effect]);
    await place('a3');
    await until('the next event is called', () => callsOf('receipt', 'a3').length === 1);
    assert.is(callsOf('receipt', 'a1').length, 1);
  });

  test('are retried where the fault can pass, and suspended by key where it cannot; the other keys go on', async () => {
    const file = newFile();
    const effect = effectNamed('flaky');
    reply = ({ orderId, attempt }) => {
      if (orderId === 'b1' && attempt < 3) throw new EffectUnavailable('busy');
      if (orderId === 'b2') throw new TypeError('a bug');
      if (orderId === 'b3') return declined('CardExpired', 'The card has expired.');
      if (orderId === 'b4') throw Object.assign(new TypeError('fetch failed'), { cause: systemError('ECONNREFUSED') });
      return done({ receipt: orderId });
    };
    await place('b1', 'b2', 'b3', 'b4', 'b5');
    run(file, [effect]);
    await until('all but the suspended ones end', () => {
      const { done: ended, rejected, suspended } = statusIn(file, effect);
      return ended >= 5 && rejected === 1 && suspended === 2;
    });
    assert.equal(
      callsOf('flaky', 'b1').map(({ attempt }) => attempt),
      [1, 2, 3],
    );
    const suspended = readSetAsideIn(file, { group: 'flaky', status: 'open' }, 10);
    assert.equal(suspended.map(({ kind, instance, reason }) => [kind, instance, reason]).sort(), [
      ['effect', 'order-b2', 'a bug'],
      ['effect', 'order-b4', 'given up after 4 attempts: fetch failed (refused)'],
    ]);
    const [rejected] = readEffectResultsIn(file, { effect: 'flaky', key: 'flaky/order-b3@1' }, 10);
    assert.equal(
      [rejected?.outcome, rejected?.result],
      ['rejected', { rejection: 'CardExpired', message: 'The card has expired.' }],
    );

    reply = () => done({ receipt: 'again' });
    for (const { id } of suspended) ask('command-release', { group: 'flaky', number: Number(id.split(':')[1]) });
    await until('the released calls are made', () => statusIn(file, effect).suspended === 0);
    await until('they are done', () => statusIn(file, effect).pending === 0);
    assert.equal(new Set(callsOf('flaky', 'b2').map(({ key }) => key)), new Set(['flaky/order-b2@1']));
  });

  test('that take too long, or whose result is not as declared, are not counted as done', async () => {
    const file = newFile();
    const effect = effectNamed('slow');
    reply = async ({ orderId, attempt }) => {
      if (orderId === 'c1' && attempt === 1) await new Promise((resolve) => setTimeout(resolve, 700));
      // What a handler in JavaScript may return.
      if (orderId === 'c2') return done({ wrong: 1 } as unknown as Receipt);
      return done({ receipt: 'r' });
    };
    await place('c1', 'c2');
    run(file, [effect]);
    await until('one is suspended', () => statusIn(file, effect).suspended === 1);
    await until('the slow one is done', () => statusIn(file, effect).pending === 0);
    assert.is(callsOf('slow', 'c1').length, 2);
    assert.match(statusIn(file, effect).reason ?? '', /its result is not what 'result' declares: .*receipt/);
  });

  test('can ask to be called again at a time, which a restart does not forget', async () => {
    const file = newFile();
    const effect = effectNamed('later');
    const dueMs = systemClock.nowMs() + 2_500;
    reply = ({ orderId }) =>
      orderId === 'd1' && systemClock.nowMs() < dueMs
        ? tryAgainAt(isoTime(dueMs), 'too early')
        : done({ receipt: 'r' });
    await place('d1');
    const role = run(file, [effect]);
    await until('it was called', () => callsOf('later', 'd1').length === 1);
    await role.stop();
    run(file, [effect]);
    await until('it is done', () => statusIn(file, effect).pending === 0 && statusIn(file, effect).done > 0);
    assert.equal(
      callsOf('later', 'd1').map(({ attempt }) => attempt),
      [1, 1],
    );
    assert.ok(systemClock.nowMs() >= dueMs);
  });

  test('begin with the events after their first start, and never act on the past', async () => {
    const file = newFile();
    reply = () => done({ receipt: 'r' });
    const effect = effectNamed('newcomer', { startFrom: 'now' });
    await place('e1');
    const role = run(file, [effect]);
    await until('it has a start', () => statusIn(file, effect).afterPosition !== null);
    await place('e2');
    await until('the new event is called', () => callsOf('newcomer', 'e2').length === 1);
    await role.stop();
    // Another declaration does not change where it began.
    run(file, [effectNamed('newcomer', { startFrom: 'beginning' })]);
    await place('e3');
    await until('the next one is called', () => callsOf('newcomer', 'e3').length === 1);
    assert.equal(callsOf('newcomer', 'e1'), []);

    const dated = newFile();
    const since = effectNamed('dated', { startFrom: { time: '2999-01-01T00:00:00Z' } });
    const all = effectNamed('all-of-them');
    run(dated, [since, all]);
    await until('everything is read', () => callsOf('all-of-them', 'e3').length === 1);
    assert.is(statusIn(dated, since).done, 0);
  });

  test('are paused, drained and resumed by an operator; nothing is lost meanwhile', async () => {
    const file = newFile();
    reply = () => done({ receipt: 'r' });
    const effect = effectNamed('held');
    const role = run(file, [effect]);
    await until('it runs', () => statusIn(file, effect).done > 0 && statusIn(file, effect).pending === 0);
    ask('effect-mode', { group: 'held', mode: 'paused' });
    await until('it is paused', () => statusIn(file, effect).mode === 'paused');
    assert.is(statusIn(file, effect).modeSetBy, 'ada');
    await place('f1');
    await until('the call is pending', () => statusIn(file, effect).pending === 1);
    await role.stop();
    const second = run(file, [effect]);
    await second.started;
    assert.is(callsOf('held', 'f1').length, 0);
    ask('effect-mode', { group: 'held', mode: 'running' });
    await until('the call is made', () => callsOf('held', 'f1').length === 1);
    await until('it is recorded', () => statusIn(file, effect).pending === 0);
  });

  test('are recorded and not made in a dry run', async () => {
    const file = newFile();
    const effect = effectNamed('rehearsal');
    run(file, [effect], ['rehearsal']);
    await place('g1');
    await until('it is recorded', () => statusIn(file, effect).dryRun > 0 && statusIn(file, effect).pending === 0);
    assert.equal(callsOf('rehearsal', 'g1'), []);
  });
});

const systemError = (code: string): Error => Object.assign(new Error('refused'), { code });
