/** Topics whose settings delete records: relay and groups halt with the reason, and continue when they are corrected. */
import * as assert from 'uvu/assert';
import { AdminClient } from '@confluentinc/kafka-javascript';
import { ConfigsUnavailable } from '../../../infra/kafka/topic-configs';
import { silentLogger } from '../../../infra/logger';
import { kafkaSpec } from '../../support/kafka-spec';
import { rawRecords } from '../../support/log-probe';
import { eventually } from '../../support/server';
import { alterTopic } from '../../support/topic-settings';
import { countsAre, groupWorld, stateIs, type GroupWorld } from '../consumption/group-world';
import { statusWhere } from './relay-fixture';

const OFTEN = { runningMs: 100, haltedMs: 100 };

kafkaSpec('topics that lose records', ({ test }, broker) => {
  const { servers } = broker;
  const inWorld = async (body: (world: GroupWorld, stock: string) => Promise<void>): Promise<void> => {
    const world = await groupWorld(servers, broker.topicPrefix());
    try {
      await body(world, world.catalog.byCategory('stock')?.topic.name ?? '');
    } finally {
      await world.close();
    }
  };
  /** As they are created without knowing the program. */
  const makeBeforehand = async (world: GroupWorld, config: Readonly<Record<string, string>>): Promise<void> => {
    const admin = AdminClient.create({ 'bootstrap.servers': servers });
    try {
      for (const { topic } of world.catalog.aggregates) {
        const made = {
          topic: topic.name,
          num_partitions: topic.partitions,
          replication_factor: 1,
          config: { ...config },
        };
        await new Promise<void>((resolve, reject) =>
          admin.createTopic(made, 5_000, (error: unknown) => (error instanceof Error ? reject(error) : resolve())),
        );
      }
    } finally {
      admin.disconnect();
    }
    await eventually('every broker knows them', async () => {
      const names = world.catalog.aggregates.map(({ topic }) => topic.name);
      return world.log.describe(names).then(
        () => true,
        () => false,
      );
    });
  };
  const setRight = async (world: GroupWorld): Promise<void> => {
    for (const { topic } of world.catalog.aggregates) {
      await alterTopic(servers, topic.name, { 'cleanup.policy': 'delete', 'retention.ms': '-1' });
    }
  };

  test('halt the relay and the groups before anything is published or read, and let them continue when they are corrected', () =>
    inWorld(async (world, stock) => {
      await makeBeforehand(world, { 'cleanup.policy': 'compact' });
      await world.append(['stock-a', 'stock-b'], {
        sku: 's',
        receiptId: 'r',
        quantity: 1,
        receivedAt: '2018-01-01T00:00:00Z',
      });
      world.start({ topicChecks: OFTEN });
      const tally = world.open();
      const group = world.run(tally, { topicChecks: OFTEN });
      const { reason } = await statusWhere(world, 'the relay halts', ({ state }) => state === 'halted');
      await stateIs(group, 'halted');
      for (const told of [reason, group.status().reason]) {
        assert.match(told ?? '', new RegExp(`${stock}: cleanup.policy is compact, declared is delete`));
        assert.match(told ?? '', /retention.ms is 604800000, declared is -1/);
        assert.match(
          told ?? '',
          /kafka-configs.sh --bootstrap-server \S+ --alter .* --add-config cleanup.policy=delete,retention.ms=-1/,
        );
      }
      assert.is((await rawRecords(servers, [stock])).length, 0, 'nothing is published');
      await setRight(world);
      await countsAre(tally, 2);
      await statusWhere(world, 'the relay runs', ({ state, reason: none }) => state === 'running' && none === null);
      await stateIs(group, 'running');
      assert.is(group.status().reason, null);
    }));

  test('are detected while relay and groups run, and the warning ends when they are corrected', () =>
    inWorld(async (world, stock) => {
      world.start({ topicChecks: OFTEN });
      await world.publish(5);
      const tally = world.open();
      const group = world.run(tally, { topicChecks: OFTEN });
      await countsAre(tally, 5);
      await alterTopic(servers, stock, { 'retention.ms': '60000' });
      const { reason } = await statusWhere(world, 'the relay halts', ({ state }) => state === 'halted');
      await stateIs(group, 'halted');
      assert.match(reason ?? '', new RegExp(`${stock}: retention.ms is 60000, declared is -1: records vanish earlier`));
      await alterTopic(servers, stock, { 'retention.ms': '-1' });
      await world.publish(5);
      await countsAre(tally, 10);
      await stateIs(group, 'running');
    }));

  test('that only reject records are named in a warning', () =>
    inWorld(async (world, stock) => {
      await world.log.ensureTopics(world.catalog.aggregates.map(({ topic }) => topic));
      await alterTopic(servers, stock, { 'max.message.bytes': '5000' });
      const warnings: string[] = [];
      const logger = { ...silentLogger, warn: (fields: object) => void warnings.push(JSON.stringify(fields)) };
      world.start({ topicChecks: OFTEN, logger });
      await world.publish(5);
      const { reason } = await statusWhere(world, 'it is named', (status) => status.reason !== null);
      assert.match(reason ?? '', new RegExp(`${stock}: max.message.bytes is 5000, declared is at least 1000000`));
      assert.match(reason ?? '', /--add-config max.message.bytes=1000000/);
      assert.is(warnings.filter((line) => line.includes('max.message.bytes')).length, 1, 'in one line of the log');
      await alterTopic(servers, stock, { 'max.message.bytes': '1048588' });
      await statusWhere(world, 'it is forgotten', (status) => status.reason === null && status.state === 'running');
    }));

  test('whose settings cannot be read are no reason to stop, but a warning', () =>
    inWorld(async (world) => {
      const settings = () => Promise.reject(new ConfigsUnavailable('Kafka does not allow this user to look at them'));
      const log = { ...world.log, settings };
      world.start({ log, topicChecks: OFTEN });
      await world.publish(5);
      const tally = world.open();
      const group = world.run(tally, { log, topicChecks: OFTEN });
      await countsAre(tally, 5);
      await stateIs(group, 'running');
      const { reason, state } = await statusWhere(world, 'it is said', (status) => status.reason !== null);
      assert.is(state, 'running');
      assert.match(reason ?? '', /settings of the topics can't be looked at: Kafka does not allow this user/);
    }));

  test('with more partitions than declared halt relay and groups, with what to do', () =>
    inWorld(async (world, stock) => {
      world.start({ topicChecks: OFTEN });
      await world.publish(5);
      const group = world.run(world.open(), { topicChecks: OFTEN });
      await stateIs(group, 'running');
      const admin = AdminClient.create({ 'bootstrap.servers': servers });
      await new Promise<void>((resolve, reject) =>
        admin.createPartitions(stock, 6, 5_000, (error: unknown) =>
          error instanceof Error ? reject(error) : resolve(),
        ),
      );
      admin.disconnect();
      const { reason } = await statusWhere(world, 'the relay halts', ({ state }) => state === 'halted');
      assert.match(reason ?? '', new RegExp(`${stock} has 6 partitions, declared are 4`));
      await stateIs(group, 'halted');
    }));
});
