/** A record that somebody has put behind the store's last event: the way that the relay's own message names leads out of it. */
import { rmSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { partitionFor } from '../../infra/kafka/placement';
import { application } from '../../projections/fulfilment/application';
import { produceRaw } from '../support/broker-admin';
import { installation, placed, type Installation } from '../support/installation';
import { kafkaSpec } from '../support/kafka-spec';
import { eventually } from '../support/server';

const partitions = application.catalog.byCategory('order')?.topic.partitions ?? 0;

/** An event in every respect, but no store has recorded it. */
const forged = (storeId: string, orderId: string, position: number): string => {
  const attributes = {
    ...{ specversion: '1.0', id: `order-${orderId}@1`, source: `/tidemark/${storeId}/order`, type: 'OrderPlaced' },
    ...{ time: '2026-01-01T12:00:00.000Z', dataschema: 'http://127.0.0.1/schemas/OrderPlaced/1', actor: 'mallory' },
    ...{ subject: orderId, correlationid: 'c', causationid: 'c', storeid: storeId, streamversion: 1, position },
  };
  const lines = [{ sku: 's1', quantity: 1, unitPrice: 100, freight: 5 }];
  const order = { orderId, customerId: 'c1', currency: 'EUR', amount: 105, placedAt: '2026-01-01T12:00:00Z', lines };
  return JSON.stringify({ ...attributes, data: order });
};

interface Standing {
  readonly storeId: string;
  readonly lastPosition: number;
}

kafkaSpec('a forged record with the next position at the end of a partition', ({ test, before, after }, broker) => {
  let one: Installation;
  let prefix = '';
  const standing = async (): Promise<Standing> => {
    const { storeId } = JSON.parse((await one.tidemark(['store', '--json'])).output) as Standing;
    const { body } = await one.get('/ops/relay');
    return { storeId, lastPosition: Number(body['storePosition']) };
  };
  const forge = (storeId: string, orderId: string, position: number): Promise<void> =>
    produceRaw(broker.servers, {
      topic: `${prefix}orders`,
      partition: partitionFor({ partitions }, orderId),
      key: orderId,
      value: Buffer.from(forged(storeId, orderId, position)),
      headers: [{ 'content-type': 'application/cloudevents+json' }],
    });
  const relay = async () => (await one.get('/ops/relay')).body;
  const allPublished = (): Promise<void> =>
    eventually('all is published', async () => {
      const { lagEvents, state } = await relay();
      return lagEvents === 0 && state === 'running';
    });

  before(async () => {
    prefix = broker.topicPrefix();
    one = await installation({ KAFKA_BROKERS: broker.servers, KAFKA_TOPIC_PREFIX: prefix });
    await one.start();
    for (const order of ['o1', 'o2', 'o3']) await placed(one, order);
    await allPublished();
  });
  after(async () => {
    await one.kill();
    rmSync(one.directory, { recursive: true, force: true });
  });

  test(
    'halts the relay at its next start; what its message names makes the topic anew, and everything goes on',
    async () => {
      // What the process manager still has to say comes first.
      let seen = await standing();
      await eventually('nothing more comes', async () => {
        const before = seen.lastPosition;
        seen = await standing();
        return before === seen.lastPosition;
      });
      await one.stop();
      await forge(seen.storeId, 'mallory', seen.lastPosition + 1);
      await one.start();
      await eventually('the relay is halted', async () => (await relay())['state'] === 'halted');
      const reason = String((await relay())['reason']);
      const way = /'npx (tidemark verify --log --repair --recreate-topics)'/.exec(reason)?.[1] ?? '';
      assert.match(reason, /order-mallory@1.*stop the relay/);
      // Its last status stays in its file: what the repair starts is another relay.
      await one.kill();

      const command = way.split(' ').slice(1);
      const untouched = await one.tidemark(command.filter((each) => each !== '--recreate-topics'));
      assert.is(untouched.status, 1);
      assert.match(untouched.output, /not repaired: .*orders hold records that name this store.*--recreate-topics/);
      const repaired = await one.tidemark(command);
      assert.is(repaired.status, 0, repaired.output);
      assert.match(repaired.output, /order-mallory@1[^]*made anew[^]* 0 missing, 0 extra, 0 out of order, 0 altered/);

      await one.start({ ACCEPT_NEW_LOG: 'true' });
      await placed(one, 'o4');
      await allPublished();
      assert.is(await one.isInView('mallory'), false);
      assert.is((await one.get('/health/ready')).status, 200);
      const rows = (await one.get('/views/order-summary')).body['items'] as ReadonlyArray<Record<string, unknown>>;
      assert.equal(rows.map(({ orderId }) => orderId).sort(), ['o1', 'o2', 'o3', 'o4']);
      await one.stop();
      await one.start();
      await placed(one, 'o5');
    },
    { timeoutMs: 120_000 },
  );

  test(
    'is told from a store that is older than Kafka: nothing that only Kafka has is deleted',
    async () => {
      await allPublished();
      const { storeId, lastPosition } = await standing();
      await one.stop();
      for (const [index, order] of ['newer1', 'newer2'].entries())
        await forge(storeId, order, lastPosition + 1 + index);
      const { status, output } = await one.tidemark(['verify', '--log', '--repair', '--recreate-topics']);
      assert.is(status, 1);
      assert.match(output, /older than the log, and its topics are not deleted.*new-history/);
      const { output: compared } = await one.tidemark(['verify', '--log']);
      assert.match(compared, /0 missing, 2 extra/);
    },
    { timeoutMs: 60_000 },
  );
});
