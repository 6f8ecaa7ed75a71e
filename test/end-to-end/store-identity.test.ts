/** A store that is older than its readers, and two installations on one set of topics: said, held, and got out of. */
import { copyFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { openEventReader } from '../../infra/sqlite/event-feed';
import type { Spec } from '../spec';
import { spec } from '../spec';
import { produceRaw } from '../support/broker-admin';
import { installation, placed, type Installation } from '../support/installation';
import { kafkaSpec } from '../support/kafka-spec';
import { eventually } from '../support/server';

/** Those that read the orders: only they can have seen what does not fit. */
const ORDER_GROUPS = ['order-summary', 'customer-orders', 'sales-by-day'];

const halted = async (of: Installation, reason: RegExp): Promise<void> => {
  let groups: ReadonlyArray<Record<string, string>> = [];
  await eventually('the groups are halted', async () => {
    groups = (await of.get('/ops/groups')).body['items'] as typeof groups;
    const ours = groups.filter(({ state, reason: why }) => state === 'halted' && reason.test(why ?? ''));
    return ORDER_GROUPS.every((name) => ours.some(({ group }) => group === name));
  }).catch((error: unknown) => {
    throw new Error(
      `${String(error)}: ${String(reason)} ${JSON.stringify(groups.map(({ group, state, reason: why }) => [group, state, why]))}`,
    );
  });
};

const eventsIn = ({ directory }: Installation): ReadonlyArray<string> => {
  const reader = openEventReader(join(directory, 'store.sqlite'));
  try {
    return reader.readAll({ afterPosition: 0, limit: 1_000 }).map(({ id }) => id);
  } finally {
    reader.close();
  }
};

/** The scenario of a backup that was put back, on whichever broker. */
const olderStore = (
  { test, before, after }: Pick<Spec, 'test' | 'before' | 'after'>,
  settings: () => Readonly<Record<string, string>>,
  fresh: () => Readonly<Record<string, string>>,
): void => {
  let one: Installation;
  let storeId = '';
  before(async () => {
    one = await installation(settings());
    const store = join(one.directory, 'store.sqlite');
    await one.start();
    await placed(one, 'e1');
    await eventually('its process has had its say', async () => Promise.resolve(eventsIn(one).includes('order-e1@2')));
    await one.stop();
    copyFileSync(store, join(one.directory, 'backup'));
    await one.start();
    for (const order of ['e2', 'e3', 'e4', 'e5']) await placed(one, order);
    await eventually('all groups have seen them', async () => {
      const groups = (await one.get('/ops/groups')).body['items'] as ReadonlyArray<Record<string, unknown>>;
      return ORDER_GROUPS.every((name) => groups.some(({ group, lag }) => group === name && lag === 0));
    });
    await one.stop();
    copyFileSync(join(one.directory, 'backup'), store);
  });
  after(async () => {
    await one.kill();
    rmSync(one.directory, { recursive: true, force: true });
  });

  test(
    'takes no command, is not ready, halts the groups, and goes on reading',
    async () => {
      await one.start();
      const { status, body } = await one.place('new1');
      assert.is(status, 503);
      assert.is(body['type'], '/problems/store-behind');
      assert.match(String(body['detail']), /position \d+.*ends at \d+.*tidemark store new-history/);
      await halted(one, /ends at \d+: the store is older than its readers.*new-history/);
      const ready = await one.get('/health/ready');
      assert.is(ready.status, 503);
      assert.match(JSON.stringify(ready.body), /ends at \d+/);
      assert.is((await one.get('/ops/relay')).body['state'], 'halted');
      assert.ok(await one.isInView('e5'), 'reads still answer');
      assert.not.ok(eventsIn(one).some((id) => id.startsWith('order-new1')));
    },
    { timeoutMs: 60_000 },
  );

  test(
    'is told by the command what stands where, and a new history is refused while roles run',
    async () => {
      const shown = await one.tidemark(['store', '--json']);
      assert.is(shown.status, 1, shown.output);
      const standing = JSON.parse(shown.output) as { storeId: string; verdict: string };
      ({ storeId } = standing);
      assert.is(standing.verdict, 'store-behind');
      const refused = await one.tidemark(['store', 'new-history', '--confirm', storeId], fresh());
      assert.is(refused.status, 1);
      assert.match(refused.output, /in use.*stop every role/);
      await one.stop();
      const plan = await one.tidemark(['store', 'new-history'], fresh());
      assert.is(plan.status, 0, plan.output);
      assert.match(plan.output, `--confirm ${storeId}`);
      const wrong = await one.tidemark(['store', 'new-history', '--confirm', 'another'], fresh());
      assert.match(wrong.output, /names another, but this store is/);
      assert.not.ok(
        readdirSync(one.directory).some((name) => name.includes('.before-')),
        'nothing was changed',
      );
    },
    { timeoutMs: 60_000 },
  );

  test(
    'begins a new history with a new id: what was lost is gone from the views, and no command is asked for twice',
    async () => {
      const before = eventsIn(one);
      const done = await one.tidemark(['store', 'new-history', '--confirm', storeId], fresh());
      assert.is(done.status, 0, done.output);
      await one.start(fresh());
      await placed(one, 'new1');
      assert.ok(await one.isInView('e1'));
      assert.not.ok(await one.isInView('e5'));
      await eventually('all is applied', async () => (await one.get('/ops/relay')).body['lagEvents'] === 0);
      const again = eventsIn(one);
      assert.equal(again.slice(0, before.length), before);
      assert.equal(
        again.filter((id) => id.startsWith('order-e1@')),
        before.filter((id) => id.startsWith('order-e1@')),
      );
      await one.stop();
      assert.is((await one.tidemark(['store'], fresh())).status, 0);
    },
    { timeoutMs: 60_000 },
  );

  test(
    'reads nothing into views that were made from another history, and says whose they are',
    async () => {
      const [aside] = readdirSync(one.directory).filter((name) => name.startsWith('views.sqlite.before-'));
      copyFileSync(join(one.directory, aside ?? ''), join(one.directory, 'views.sqlite'));
      await one.start(fresh());
      await halted(one, new RegExp(`views.sqlite was made from the store ${storeId}, but this store is .*new-history`));
      assert.is((await one.get('/health/ready')).status, 503);
      await one.stop();
    },
    { timeoutMs: 60_000 },
  );
};

spec('a store that is older than its readers, with the embedded broker', (tools) => {
  olderStore(
    tools,
    () => ({}),
    () => ({}),
  );
});

kafkaSpec('a store that is older than its topics, on a real broker', (tools, broker) => {
  const kafka = (prefix: string) => ({ KAFKA_BROKERS: broker.servers, KAFKA_TOPIC_PREFIX: prefix });
  const prefixes = { first: broker.topicPrefix(), second: broker.topicPrefix() };
  olderStore(
    tools,
    () => kafka(prefixes.first),
    () => kafka(prefixes.second),
  );
});

/** A record that is an event in every respect but that no store has recorded it. */
const forged = (storeId: string | undefined, orderId: string): Buffer => {
  const attributes = {
    ...{
      specversion: '1.0',
      id: `order-${orderId}@1`,
      source: '/tidemark/order',
      type: 'OrderPlaced',
      subject: orderId,
    },
    ...{ time: '2026-01-01T12:00:00.000Z', dataschema: 'http://127.0.0.1/schemas/OrderPlaced/1', actor: 'mallory' },
    ...{ correlationid: 'c', causationid: 'c', storeid: storeId, streamversion: 1, position: 9_000_000_000_000_000 },
  };
  const lines = [{ sku: 's1', quantity: 1, unitPrice: 100, freight: 5 }];
  const order = { orderId, customerId: 'c1', currency: 'EUR', amount: 105, placedAt: '2026-01-01T12:00:00Z', lines };
  return Buffer.from(JSON.stringify({ ...attributes, data: order }));
};

kafkaSpec('records that somebody has put into a topic', ({ test, after }, broker) => {
  let one: Installation | undefined;
  after(async () => {
    await one?.kill();
    if (one !== undefined) rmSync(one.directory, { recursive: true, force: true });
  });

  test(
    'switch nothing off, show nowhere, and are named; the relay goes on after a restart',
    async () => {
      const prefix = broker.topicPrefix();
      const victim = await installation({ KAFKA_BROKERS: broker.servers, KAFKA_TOPIC_PREFIX: prefix });
      one = victim;
      await victim.start();
      await placed(victim, 'o1');
      const { storeId } = JSON.parse((await victim.tidemark(['store', '--json'])).output) as { storeId: string };
      for (const claimed of [undefined, storeId, 'another']) {
        const key = `x${String(claimed).slice(0, 4)}`;
        for (const partition of [0, 1, 2, 3]) {
          const record = { topic: `${prefix}orders`, partition, key, value: forged(claimed, key) };
          await produceRaw(broker.servers, {
            ...record,
            headers: [{ 'content-type': 'application/cloudevents+json' }],
          });
        }
      }
      for (let number = 2; number < 8; number += 1) await placed(victim, `o${number}`);
      const rows = (await victim.get('/views/order-summary')).body['items'] as ReadonlyArray<Record<string, unknown>>;
      assert.equal(
        rows.map(({ orderId }) => orderId).filter((id) => String(id).startsWith('x')),
        [],
      );
      const letters = (await victim.get('/ops/dead-letters?group=order-summary')).body['items'] as typeof rows;
      const classes = letters.map((letter) => String(letter['class'])).sort();
      assert.equal(classes, [
        ...Array.from({ length: 8 }, () => 'foreign'),
        ...Array.from({ length: 4 }, () => 'misplaced'),
      ]);
      assert.is((await victim.get('/health/ready')).status, 200);
      await victim.stop();
      await victim.start();
      await placed(victim, 'o9');
      assert.is((await victim.get('/ops/relay')).body['state'], 'running');
    },
    { timeoutMs: 90_000 },
  );
});

kafkaSpec('two installations on the same topics', ({ test, after }, broker) => {
  const installations: Installation[] = [];
  after(async () => {
    for (const each of installations) {
      await each.kill();
      rmSync(each.directory, { recursive: true, force: true });
    }
  });

  test(
    "leave each other's events alone: a new, empty store is not ready, shows none of them, and says whose topics they are",
    async () => {
      const settings = { KAFKA_BROKERS: broker.servers, KAFKA_TOPIC_PREFIX: broker.topicPrefix() };
      const first = await installation(settings);
      const second = await installation(settings);
      installations.push(first, second);
      await first.start();
      for (let number = 0; number < 30; number += 1) assert.is((await first.place(`a${number}`)).status, 201);
      await eventually('all are published', async () => (await first.get('/ops/relay')).body['lagEvents'] === 0);
      const { storeId } = JSON.parse((await first.tidemark(['store', '--json'])).output) as { storeId: string };
      await second.start();
      let ready = '';
      await eventually('the second is not ready, and names the first', async () => {
        const { status, body } = await second.get('/health/ready');
        ready = JSON.stringify(body);
        return status === 503 && ready.includes(storeId);
      });
      assert.match(ready, 'KAFKA_TOPIC_PREFIX');
      await halted(second, new RegExp(`not events of this store.*${storeId}.*KAFKA_TOPIC_PREFIX.*`));
      const standing = JSON.parse((await second.tidemark(['store', '--json'])).output) as { readonly verdict: string };
      assert.is(standing.verdict, 'other-store', 'the command and the relay agree');
      assert.equal((await second.get('/views/order-summary')).body['items'], []);
      assert.equal((await second.get('/views/stock-level')).body['items'], []);
      await placed(first, 'a-last');
      assert.is((await first.get('/health/ready')).status, 200);
    },
    { timeoutMs: 90_000 },
  );
});
