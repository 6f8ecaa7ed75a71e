/** Dead letters on a real broker: their copies, blocked partitions that recover, and redrives under load and kills. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import { systemClock } from '../../../infra/clock';
import type { OperationKind } from '../../../infra/commands/operation-requests';
import { defaultBreakerPolicy } from '../../../infra/consumption/intake/failure-rate-limit';
import type { ConsumerGroup } from '../../../infra/consumption/loop/consumer-group';
import { startConsumerGroup } from '../../../infra/consumption/loop/start-consumer-group';
import { deadLetterReader } from '../../../infra/sqlite/consumer-file/dead-letters-reader';
import { destinationOf } from '../../../infra/kafka/cloud-events';
import { silentLogger } from '../../../infra/logger';
import { openEventReader, type EventReader } from '../../../infra/sqlite/event-feed';
import { produceRaw } from '../../support/broker-admin';
import { kafkaSpec } from '../../support/kafka-spec';
import { rawRecords } from '../../support/log-probe';
import { eventually } from '../../support/server';
import { tallyHandler, type Tally, type TallyOptions } from '../consumption/tally-handler';
import { relayWorld, statusWhere, type RelayWorld } from '../relay/relay-fixture';
import { temporaryFolder } from '../sqlite/temporary-folder';
import { copyLetters } from './copy-dead-letters';

const folder = temporaryFolder();
const payload = { sku: 's', receiptId: 'r', quantity: 1, receivedAt: '2018-01-01T00:00:00Z' };
const placeOf = ({ topic, partition }: { readonly topic: string; readonly partition: number }): string =>
  `${topic}/${partition}`;
const CHILD = join(__dirname, 'redrive-until-killed.js');

kafkaSpec('failures on a broker', ({ test, before, after }, broker) => {
  let world: RelayWorld;
  let reader: EventReader;
  const prefix = broker.topicPrefix();
  const groups: ConsumerGroup[] = [];
  const tallies: Tally[] = [];
  let files = 0;

  const open = (options: TallyOptions = {}, file?: string): Tally => {
    files += 1;
    const tally = tallyHandler(file ?? join(folder, `tally-${files}.sqlite`), world.catalog, reader, options);
    tallies.push(tally);
    return tally;
  };
  const run = (tally: Tally): ConsumerGroup => {
    const group = startConsumerGroup({
      log: world.log,
      handler: tally,
      topics: world.catalog.aggregates.map(({ topic }) => topic),
      clock: systemClock,
      logger: silentLogger,
      acceptNewLog: false,
      storeLastPosition: async () => Promise.resolve(reader.lastPosition()),
    });
    groups.push(group);
    return group;
  };
  const publish = async (streams: ReadonlyArray<string>): Promise<void> => {
    await world.append(streams, payload);
    const last = reader.lastPosition();
    await statusWhere(world, 'all is published', ({ cursor }) => cursor >= last);
  };
  const keys = (count: number, of: string): ReadonlyArray<string> =>
    Array.from({ length: count }, (_, index) => `stock-${of}${index}`);
  const stateIs = (group: ConsumerGroup, state: string): Promise<void> =>
    eventually(`the group is ${state}`, async () => Promise.resolve(group.status().state === state));
  /** The group has received every event of the store. */
  const isRead = (tally: Tally): Promise<void> =>
    eventually('all is read', async () => {
      const marks = new Map((await tally.checkpoints()).map((each) => [placeOf(each), each.highWaterPosition]));
      return reader
        .readAll({ afterPosition: 0, limit: 10_000 })
        .every(({ stream, position }) => (marks.get(placeOf(destinationOf(world.catalog)(stream))) ?? 0) >= position);
    });

  before(async () => {
    world = await relayWorld(broker.servers, prefix);
    reader = openEventReader(world.storeFile);
    world.start();
    await publish(keys(40, 'k'));
  });
  after(async () => {
    for (const group of groups) await group.stop();
    for (const tally of tallies) tally.database.close();
    reader.close();
    await world.close();
  });

  test('copies dead letters to <group>.dlt byte for byte, with headers that give the reason', async () => {
    const tally = open({
      handle: ({ id }) => (id === 'stock-k7@1' ? { class: 'rejected', reason: 'no such article' } : 'applied'),
    });
    const topic = world.catalog.byCategory('stock')?.topic.name ?? '';
    const garbage = Buffer.from([0xff, 0x00, 0x7b]);
    await produceRaw(broker.servers, { topic, partition: 1, key: 'odd', value: garbage, headers: [{ trace: 'a b' }] });
    const group = run(tally);
    await isRead(tally);
    await eventually('the garbage is read', async () => Promise.resolve(group.status().outcomes.malformed === 1));
    await group.stop();
    await copyLetters(tally, world.log, prefix);
    assert.equal(tally.failures.copies.waiting('tally', 9), []);
    const original = (await rawRecords(broker.servers, [topic])).find(({ key }) => String(key) === 'k7');
    const found = await rawRecords(broker.servers, [`${prefix}tally.dlt`]);
    const rejected = found.find(({ key }) => String(key) === 'k7');
    const malformed = found.find(({ key }) => String(key) === 'odd');
    assert.is(found.length, 2);
    assert.equal(rejected?.value, original?.value);
    assert.equal(malformed?.value, garbage);
    const headers = (message: typeof rejected): Readonly<Record<string, string>> =>
      Object.fromEntries(
        (message?.headers ?? []).flatMap((each) => Object.entries(each)).map(([name, value]) => [name, String(value)]),
      );
    const { 'dlt-fingerprint': fingerprint, 'dlt-failed-at': failedAt, ...rest } = headers(rejected);
    assert.match(fingerprint ?? '', /^[0-9a-f]{16}$/);
    assert.match(failedAt ?? '', /^\d{4}-.*Z$/);
    assert.equal(rest, {
      ...headers(original),
      'dlt-class': 'rejected',
      'dlt-reason': 'no such article',
      'dlt-attempts': '1',
      'dlt-original-topic': topic,
      'dlt-original-partition': String(original?.partition),
      'dlt-original-offset': String(original?.offset),
      'dlt-original-timestamp': new Date(original?.timestamp ?? 0).toISOString(),
      'dlt-group': 'tally',
    });
    assert.is(headers(malformed)['trace'], 'a b');
    assert.is(headers(malformed)['dlt-class'], 'malformed');
  });

  test('blocks only the partition whose event cannot be applied for now; it is halted beyond the bound, and recovers', async () => {
    let isAway = true;
    const tally = open({
      retry: { boundMs: 1_000, exhausted: 'halt' },
      handle: ({ stream }) =>
        isAway && stream === 'stock-k3' ? { class: 'transient', reason: 'the picture server is away' } : 'applied',
    });
    const group = run(tally);
    await eventually('all other partitions are read', async () => {
      const open = group.status().partitions.filter(({ lag }) => lag !== 0);
      return Promise.resolve(open.length === 1 && open[0]?.state !== 'running');
    });
    await stateIs(group, 'halted');
    const halted = group.status();
    assert.match(halted.reason ?? '', /has been blocked since .*picture server/);
    const held = halted.partitions.find(({ state }) => state === 'halted');
    assert.match(held?.reason ?? '', /picture server/);
    assert.ok(halted.outcomes.retries > 2);
    const before = tally.counts().size;
    await publish(keys(40, 'm'));
    await eventually('the others go on', async () => Promise.resolve(tally.counts().size > before));
    isAway = false;
    await stateIs(group, 'running');
    await isRead(tally);
    assert.is(tally.counts().size, 80);
    for (const count of tally.counts().values()) assert.is(count, 1);
    await group.stop();
  });

  test('quarantines the stream instead where that is declared', async () => {
    const tally = open({
      retry: { boundMs: 300, exhausted: 'quarantine' },
      handle: ({ stream }) => (stream === 'stock-k3' ? { class: 'transient', reason: 'away for good' } : 'applied'),
    });
    const group = run(tally);
    await isRead(tally);
    await stateIs(group, 'running');
    assert.is(tally.counts().size, 79);
    const [letter] = deadLetterReader(tally.database).list({ class: 'transient' }, { limit: 9 });
    assert.is(letter?.stream, 'stock-k3');
    assert.ok((letter?.attempts ?? 0) > 1);
    await group.stop();
  });

  test('halts the group where a release fails for too many streams, with the reason, and quarantines few of them', async () => {
    const tally = open({
      handle: () => {
        throw new TypeError('the release is broken');
      },
    });
    const group = run(tally);
    await stateIs(group, 'halted');
    assert.match(group.status().reason ?? '', /of the last \d+ streams failed for good.*the release is broken/);
    // As many as came one by one before it was clear that it is not them.
    const parked = tally.database.prepare('SELECT count(*) FROM quarantined_keys').pluck().get();
    assert.ok(Number(parked) < defaultBreakerPolicy.leastKeys, String(parked));
    await group.stop();
  });

  test(
    'redrives streams in order while new events arrive, through kill -9 of the redriving process',
    async () => {
      const bad = keys(8, 'k');
      const file = join(folder, 'redriven.sqlite');
      const tally = open(
        { handle: ({ stream }) => (bad.includes(stream) ? { class: 'rejected', reason: 'no' } : 'applied') },
        file,
      );
      const group = run(tally);
      await isRead(tally);
      for (let times = 0; times < 25; times += 1) await world.append(bad, payload);
      await publish(bad);
      await isRead(tally);
      await group.stop();
      const letters = deadLetterReader(tally.database);
      const { letters: selected, preview } = letters.select('tally', {});
      assert.equal([preview.keys, preview.events], [8, 8 * 27]);
      const plan = { group: 'tally', letters: selected, ratePerSecond: 400, preview };
      const ask = (kind: OperationKind, body: object): number =>
        world.store.submit({ kind, body: JSON.stringify(body), actor: 'ada' }).id;
      const redrive = ask('redrive-plan', plan);
      ask('redrive-run', { group: 'tally', redrive });
      tally.database.close();
      tallies.splice(tallies.indexOf(tally), 1);

      // Processes that redrive and consume at the same time, and are killed at any moment.
      for (let kills = 0; kills < 4; kills += 1) {
        const child = spawn(process.execPath, [CHILD, file, world.storeFile, broker.servers, prefix], {
          stdio: 'inherit',
        });
        const ended = new Promise((resolve) => child.on('exit', resolve));
        await world.append(bad, payload);
        await delay(700 + kills * 150);
        child.kill('SIGKILL');
        await ended;
      }
      await publish(bad);
      const last = open({}, file);
      const going = run(last);
      last.failures.operatorRequests.takeRequests(reader.operationRequestsAfter(0), new Set(['tally']));
      await eventually('nothing waits', async () => {
        const { events } = await going.pausedWhile(last.redrive);
        return events === undefined && deadLetterReader(last.database).redrive(redrive)?.state === 'done';
      });
      await isRead(last);
      for (const stream of bad) {
        const versions = last
          .order()
          .filter((id) => id.startsWith(`${stream}@`))
          .map((id) => Number(id.split('@')[1]));
        assert.equal(
          versions,
          Array.from({ length: 32 }, (_, index) => index + 1),
          stream,
        );
      }
      for (const [id, count] of last.counts()) assert.is(count, 1, id);
      assert.is(last.database.prepare('SELECT count(*) AS left FROM quarantined_keys').pluck().get(), 0);
    },
    { timeoutMs: 90_000 },
  );
});
