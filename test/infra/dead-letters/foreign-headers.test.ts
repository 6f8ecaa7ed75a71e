/** Headers of foreign producers on their way into the dead-letter topic: they are copied byte for byte. */
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { systemClock } from '../../../infra/clock';
import type { ConsumerGroup } from '../../../infra/consumption/loop/consumer-group';
import { startConsumerGroup } from '../../../infra/consumption/loop/start-consumer-group';
import { cloudEventEncoder } from '../../../infra/kafka/cloud-events';
import { recordHeaders } from '../../../infra/kafka/record-headers';
import { silentLogger } from '../../../infra/logger';
import { openEventReader, type EventReader } from '../../../infra/sqlite/event-feed';
import { produceRaw } from '../../support/broker-admin';
import { kafkaSpec } from '../../support/kafka-spec';
import { consumeLines, NULL, produceLines } from '../../support/kafka-tools';
import { rawRecords } from '../../support/log-probe';
import { eventually } from '../../support/server';
import { tallyHandler, type Tally } from '../consumption/tally-handler';
import { relayWorld, type RelayWorld } from '../relay/relay-fixture';
import { temporaryFolder } from '../sqlite/temporary-folder';
import { copyLetters } from './copy-dead-letters';

const OWN_HEADERS = [
  'dlt-class',
  'dlt-reason',
  'dlt-fingerprint',
  'dlt-attempts',
  'dlt-failed-at',
  'dlt-original-topic',
  'dlt-original-partition',
  'dlt-original-offset',
  'dlt-original-timestamp',
  'dlt-group',
];

kafkaSpec('the headers of a foreign record', ({ test, before, after }, broker) => {
  const prefix = broker.topicPrefix();
  const copies = `${prefix}tally.dlt`;
  let world: RelayWorld;
  let reader: EventReader;
  let tally: Tally;
  let group: ConsumerGroup;
  let topic: string;

  /** Waits until the group has this many dead letters, and copies them. */
  const copied = async (letters: number): Promise<void> => {
    await eventually(`${letters} are dead-lettered`, async () =>
      Promise.resolve(tally.unreadable().length === letters),
    );
    await copyLetters(tally, world.log, prefix);
  };

  before(async () => {
    world = await relayWorld(broker.servers, prefix);
    reader = openEventReader(world.storeFile);
    topic = world.catalog.byCategory('stock')?.topic.name ?? '';
    await world.log.ensureTopics(world.catalog.aggregates.map((each) => each.topic));
    tally = tallyHandler(join(temporaryFolder(), 'tally.sqlite'), world.catalog, reader, {
      handle: () => ({ class: 'rejected', reason: 'no' }),
    });
    group = startConsumerGroup({
      log: world.log,
      handler: tally,
      topics: world.catalog.aggregates.map((each) => each.topic),
      clock: systemClock,
      logger: silentLogger,
      acceptNewLog: false,
      storeLastPosition: async () => Promise.resolve(0),
    });
  });
  after(async () => {
    await group.stop();
    tally.database.close();
    reader.close();
    await world.close();
  });

  test(
    "that Kafka's own producer sent are copied in their order, with case, duplicates and empty values",
    async () => {
      const headers = 'Trace:1,TRACE:2,trace:3,Empty:,trace:3,content-type:text/plain,__proto__:x,Ü:é';
      const former = 'dlt-class:defect,dlt-group:another,DLT-Reason:old';
      await produceLines(broker.servers, topic, [
        `${headers}\tk1\tno event`,
        `${former}\tk1\ta dead letter itself`,
        `Nothing:${NULL},Empty:\tk1\tno event`,
      ]);
      await copied(3);
      const [first = '', second = '', third = ''] = await consumeLines(broker.servers, copies, 3);
      assert.ok(first.startsWith(`${headers},dlt-class:malformed,`), first);
      assert.ok(first.endsWith(',dlt-group:tally\tk1\tno event'), first);
      // The headers of the earlier dead letter keep their places; those of this one come last.
      assert.ok(second.startsWith(`${former},dlt-class:malformed,`), second);
      assert.ok(second.endsWith(',dlt-group:tally\tk1\ta dead letter itself'), second);
      // The client hands out null as an empty value.
      assert.ok(third.startsWith('Nothing:,Empty:,dlt-class:malformed,'), third);
    },
    { timeoutMs: 60_000 },
  );

  test('that are bytes are copied as they are, also those of an event, whose last content type counts', async () => {
    await world.append(['stock-s1'], { sku: 's1', receiptId: 'r', quantity: 1, receivedAt: '2018-01-01T00:00:00Z' });
    const [stored] = reader.readAll({ afterPosition: 0, limit: 1 });
    if (stored === undefined) throw new Error('it was appended');
    const { storeId } = reader.identity;
    const encode = cloudEventEncoder({
      catalog: world.catalog,
      mode: 'structured',
      schemaBaseUrl: 'urn:test',
      storeId,
    });
    const { partition, key, value } = encode(stored);
    const headers = [
      { 'content-type': 'text/plain' },
      { Signature: Buffer.from([0, 255, 254, 10, 0]) },
      { 'Content-Type': 'application/cloudevents+json; charset=UTF-8' },
      { Signature: '' },
    ];
    await produceRaw(broker.servers, { topic, partition, key, value: Buffer.from(value), headers });
    await copied(4);
    assert.is(group.status().outcomes.rejected, 1);
    const copy = (await rawRecords(broker.servers, [copies])).at(-1);
    const all = recordHeaders(copy?.headers);
    assert.equal(all.slice(0, headers.length), recordHeaders(headers));
    assert.equal(
      all.slice(headers.length).map(([name]) => name),
      OWN_HEADERS,
    );
    assert.equal([String(copy?.key), String(copy?.value)], [key, value]);
  });
});
