/** Catching up from the store where the log has lost everything: a blocked partition blocks no other, and nothing is lost. */
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import { application } from '../../../projections/fulfilment/application';
import { systemClock } from '../../../infra/clock';
import type { ConsumerGroup } from '../../../infra/consumption/loop/consumer-group';
import { startConsumerGroup } from '../../../infra/consumption/loop/start-consumer-group';
import { deadLetterReader } from '../../../infra/sqlite/consumer-file/dead-letters-reader';
import { destinationOf } from '../../../infra/kafka/cloud-events';
import type { EventLog } from '../../../infra/kafka/event-log';
import { silentLogger } from '../../../infra/logger';
import { memoryLog } from '../../projections/memory-log';
import { logOf, storedOf, type Told } from '../../projections/views-fixture';
import { spec } from '../../spec';
import { eventually } from '../../support/server';
import { temporaryFolder } from '../sqlite/temporary-folder';
import { tallyHandler, type Tally, type TallyOptions } from './tally-handler';

const { catalog } = application;

const STREAMS = 40;
const ROUNDS = 12;
/** So many of the events were forgotten by the log; the rest comes through it. */
const FORGOTTEN = STREAMS * 8;

const story = Array.from({ length: STREAMS * ROUNDS }, (_, index): Told => {
  const sku = `k${index % STREAMS}`;
  return [
    `stock-${sku}`,
    'StockReceived',
    { sku, receiptId: `r${index}`, quantity: 1, receivedAt: '2018-01-01T00:00:00Z' },
  ];
});
const stored = storedOf(story);
const place = destinationOf(catalog);
const isBesides = (stream: string): boolean => place(stream).partition === place('stock-k3').partition;

/** A broker that is new: it holds what was published since, and waits where there is nothing. */
const newBroker = (): EventLog => {
  const records = logOf(stored.slice(FORGOTTEN));
  const log = memoryLog({ keepsHistory: false, records, logId: 'embedded:new', pollSize: () => 50 });
  return {
    ...log,
    openConsumer: async (group) => {
      const consumer = await log.openConsumer(group);
      return {
        ...consumer,
        poll: async (most) => {
          await delay(5);
          return consumer.poll(most);
        },
      };
    },
  };
};

spec('a group that catches up from the store', ({ test, after }) => {
  const folder = temporaryFolder();
  const groups: ConsumerGroup[] = [];
  const tallies: Tally[] = [];
  const store = {
    readAll: ({ afterPosition, limit }: { afterPosition: number; limit: number }) =>
      stored.slice(afterPosition, Math.min(afterPosition + limit, FORGOTTEN)),
    readStream: (stream: string, { afterVersion, limit }: { afterVersion: number; limit: number }) =>
      stored.filter((event) => event.stream === stream && event.version > afterVersion).slice(0, limit),
    operationRequestsAfter: () => [],
  };
  const open = (name: string, options: TallyOptions = {}): Tally => {
    const tally = tallyHandler(join(folder, `${name}.sqlite`), catalog, store, options);
    tallies.push(tally);
    return tally;
  };
  const run = (tally: Tally, log: EventLog = newBroker()): ConsumerGroup => {
    const group = startConsumerGroup({
      log,
      handler: tally,
      topics: catalog.aggregates.map(({ topic }) => topic),
      clock: systemClock,
      logger: silentLogger,
      acceptNewLog: false,
      storeLastPosition: async () => Promise.resolve(FORGOTTEN),
    });
    groups.push(group);
    return group;
  };
  after(async () => {
    for (const group of groups) await group.stop();
    for (const tally of tallies) tally.database.close();
  });

  /** Each event has counted once, and those of each stream in their order. */
  const allCounts = async (tally: Tally, except: (stream: string) => boolean = () => false): Promise<void> => {
    const expected = stored.filter(({ stream }) => !except(stream));
    await eventually('all is applied', async () =>
      Promise.resolve(expected.every(({ id }) => tally.counts().get(id) === 1)),
    );
    for (const [id, count] of tally.counts()) assert.is(count, 1, id);
    const order = tally.order();
    for (let key = 0; key < STREAMS; key += 1) {
      const own = order.filter((id) => id.startsWith(`stock-k${key}@`));
      const versions = own.map((id) => Number(id.split('@')[1]));
      assert.equal(
        versions,
        [...versions].sort((left, right) => left - right),
        `stock-k${key}`,
      );
    }
  };
  const stateIs = (group: ConsumerGroup, state: string): Promise<void> =>
    eventually(`it is ${state}`, async () => Promise.resolve(group.status().state === state));
  const away = { class: 'transient', reason: 'the picture server is away' } as const;

  test('blocks the one partition whose event cannot be applied for now, and continues with the others, from the log too', async () => {
    let isAway = true;
    const tally = open('held', {
      retry: { boundMs: 500, exhausted: 'halt' },
      handle: ({ id }) => (isAway && id === 'stock-k3@4' ? away : 'applied'),
    });
    const log = newBroker();
    const group = run(tally, log);
    await allCounts(tally, isBesides);
    await stateIs(group, 'halted');
    const { reason, partitions, outcomes } = group.status();
    assert.match(reason ?? '', /^stock\/\d has been blocked since .*picture server/);
    assert.equal(
      partitions.filter(({ state }) => state !== 'running').map((each) => [each.topic, each.partition, each.state]),
      [['stock', place('stock-k3').partition, 'halted']],
    );
    assert.ok(outcomes.retries > 2, String(outcomes.retries));
    assert.is(tally.counts().has('stock-k3@4'), false);
    // Another process finds the same partition behind, and only that.
    await group.stop();
    const next = run(tally, log);
    await stateIs(next, 'retrying');
    isAway = false;
    await allCounts(tally);
    await stateIs(next, 'running');
    assert.equal(new Set((await tally.checkpoints()).map(({ logId }) => logId)), new Set(['embedded:new']));
  });

  test('quarantines the stream instead where that is declared, and switches to the log', async () => {
    const tally = open('quarantined', {
      retry: { boundMs: 300, exhausted: 'quarantine' },
      handle: ({ id }) => (id === 'stock-k3@4' ? away : 'applied'),
    });
    const group = run(tally);
    await allCounts(tally, (stream) => stream === 'stock-k3');
    await stateIs(group, 'running');
    const [letter, ...others] = deadLetterReader(tally.database).list({}, { limit: 9 });
    assert.equal([letter?.eventId, letter?.class, letter?.parked, others.length], ['stock-k3@4', 'transient', 8, 0]);
    assert.ok((letter?.attempts ?? 0) > 1);
    assert.is(tally.counts().has('stock-k3@3'), true);
  });

  test('keeps retrying where an event of every partition cannot be applied', async () => {
    let isAway = true;
    const tally = open('everywhere', {
      retry: { boundMs: 300, exhausted: 'halt' },
      handle: ({ version }) => (isAway && version === 2 ? away : 'applied'),
    });
    const group = run(tally);
    await stateIs(group, 'halted');
    const held = group.status().partitions.filter(({ state }) => state !== 'running');
    assert.equal(new Set(held.map(({ topic }) => topic)), new Set(['stock']));
    isAway = false;
    await allCounts(tally);
    await stateIs(group, 'running');
  });

  test('restarts after a fault of the database, and loses nothing', async () => {
    const tally = open('busy');
    tally.failNext(2);
    const group = run(tally);
    await allCounts(tally);
    assert.is(group.status().outcomes.retries, 2);
  });

  test('continues after a stop in the middle, and loses nothing', async () => {
    const log = newBroker();
    let stopped: Promise<void> | undefined;
    const tally = open('stopped', {
      handle: ({ position }) => {
        if (position === 150) stopped ??= group.stop();
        return 'applied';
      },
    });
    const group: ConsumerGroup = run(tally, log);
    await eventually('it is stopped', async () => Promise.resolve(group.status().state === 'stopped'));
    await stopped;
    assert.ok(tally.counts().size < FORGOTTEN, String(tally.counts().size));
    run(tally, log);
    await allCounts(tally);
  });
});
