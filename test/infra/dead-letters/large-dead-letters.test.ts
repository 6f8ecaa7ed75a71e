/** Copies of dead letters that are larger than the topics of events allow, and copies that their own topic rejects. */
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { systemClock } from '../../../infra/clock';
import { runCopying } from '../../../infra/dead-letters/topic/copy-runner';
import { unresolvedReader } from '../../../infra/sqlite/consumer-file/unresolved';
import { withUnresolvedReason } from '../../../infra/dead-letters/query/status-reason';
import { groupProgress } from '../../../infra/consumption/loop/progress';
import { silentLogger } from '../../../infra/logger';
import { openEventReader, type EventReader } from '../../../infra/sqlite/event-feed';
import { admin } from '../../support/broker-admin';
import { kafkaSpec } from '../../support/kafka-spec';
import { rawRecords } from '../../support/log-probe';
import { eventually } from '../../support/server';
import { tallyHandler, type Tally } from '../consumption/tally-handler';
import { relayWorld, type RelayWorld } from '../relay/relay-fixture';
import { temporaryFolder } from '../sqlite/temporary-folder';
import { copyLetters } from './copy-dead-letters';

const folder = temporaryFolder();

/** Bytes that cannot be compressed. */
const noise = (bytes: number): Buffer => {
  const buffer = Buffer.alloc(bytes);
  let state = 7;
  for (let index = 0; index < bytes; index += 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    buffer[index] = state >>> 24;
  }
  return buffer;
};

kafkaSpec('a dead letter that is large', ({ test, before, after }, broker) => {
  let world: RelayWorld;
  let reader: EventReader;
  const tallies: Tally[] = [];
  before(async () => {
    world = await relayWorld(broker.servers, broker.topicPrefix());
    reader = openEventReader(world.storeFile);
  });
  after(async () => {
    for (const tally of tallies) tally.database.close();
    reader.close();
    await world.close();
  });
  const topic = (): string => world.catalog.byCategory('stock')?.topic.name ?? '';

  /** A tally that has dead-lettered these records, none of which is an event. */
  const tallyWith = async (values: ReadonlyArray<Buffer>): Promise<Tally> => {
    const tally = tallyHandler(join(folder, `${tallies.length}.sqlite`), world.catalog, reader);
    tallies.push(tally);
    const place = { topic: topic(), partition: 0 };
    await tally.begin([{ ...place, logId: 'l', nextOffset: 0, highWaterPosition: 0 }]);
    const records = values.map((value, offset) => ({
      ...place,
      offset,
      key: Buffer.from(`k${offset}`),
      value,
      headers: [],
      timestampMs: systemClock.nowMs(),
    }));
    const moves = [{ ...place, logId: 'l', nextOffset: values.length, fromLogId: 'l', fromOffset: 0 }];
    await tally.apply({ records, moves });
    return tally;
  };
  const status = (tally: Tally) =>
    withUnresolvedReason(groupProgress('tally', systemClock).status(), unresolvedReader(tally.database));

  test('is copied like any other, although the topics of events do not allow its size', async () => {
    const prefix = broker.topicPrefix();
    const values = [Buffer.from('first'), noise(1_000_300), noise(1_048_500), Buffer.from('last')];
    const tally = await tallyWith(values);
    await copyLetters(tally, world.log, prefix);
    assert.equal(tally.failures.copies.waiting('tally', 9), []);
    const found = await rawRecords(broker.servers, [`${prefix}tally.dlt`]);
    assert.equal(
      found.map(({ value }) => value?.length),
      values.map(({ length }) => length),
    );
  });

  test('is marked with the reason where its topic rejects it, and delays no other', async () => {
    const prefix = broker.topicPrefix();
    const values = [Buffer.from('first'), noise(9_000), Buffer.from('between'), noise(9_000), Buffer.from('last')];
    const tally = await tallyWith(values);
    // Created with other settings before.
    await admin(broker.servers, (client, done) =>
      client.createTopic(
        {
          topic: `${prefix}tally.dlt`,
          num_partitions: 1,
          replication_factor: 1,
          config: { 'max.message.bytes': '5000' },
        },
        10_000,
        done,
      ),
    );
    await copyLetters(tally, world.log, prefix);
    const found = await rawRecords(broker.servers, [`${prefix}tally.dlt`]);
    assert.equal(
      found.map(({ value }) => String(value)),
      ['first', 'between', 'last'],
    );
    const { reason, deadLetterCopies } = status(tally);
    assert.is(deadLetterCopies?.failed, 2);
    assert.is(deadLetterCopies?.waiting, 0);
    assert.match(
      reason ?? '',
      /5 dead letters are open.*2 copies are not in the dead-letter topic: .*tally\.dlt\/0.*too large/,
    );
  });

  test('of one group does not keep another group from its topic, and the fault shows in the status', async () => {
    const prefix = broker.topicPrefix();
    const stuck = await tallyWith([Buffer.from('one')]);
    const fine = await tallyWith([Buffer.from('two')]);
    const of = (group: string): Tally => (group === 'stuck' ? stuck : fine);
    const stopping = new AbortController();
    const running = runCopying({
      groups: ['stuck', 'fine'],
      calls: {
        copiesWaiting: async (group, limit) => Promise.resolve(of(group).failures.copies.waiting('tally', limit)),
        copiesDone: async (seqs) => {
          fine.failures.copies.done(seqs);
          return Promise.resolve();
        },
        noteCopying: async (group, attempt) => {
          of(group).failures.copies.note('tally', attempt);
          return Promise.resolve();
        },
      },
      log: {
        ...world.log,
        ensureTopics: async (topics) => {
          if (topics.some(({ name }) => name.includes('stuck'))) throw new Error('this topic may not be made');
          return world.log.ensureTopics(topics);
        },
      },
      topicPrefix: prefix,
      clock: systemClock,
      logger: silentLogger,
      stopping: stopping.signal,
    });
    await eventually('the other is copied', async () =>
      Promise.resolve(fine.failures.copies.waiting('tally', 9).length === 0),
    );
    await eventually('the fault shows', async () =>
      Promise.resolve((status(stuck).deadLetterCopies?.reason ?? '') === 'this topic may not be made'),
    );
    assert.ok(status(stuck).deadLetterCopies?.since !== null);
    stopping.abort();
    await running;
  });
});
