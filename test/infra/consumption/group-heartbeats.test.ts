/** How a group reads heartbeats beside its events, keeps them to itself, and does without them. */
import * as assert from 'uvu/assert';
import { groupHeartbeats } from '../../../infra/consumption/loop/group-heartbeats';
import { TopicMissing, type LogConsumer, type LogRecord, type PartitionOffset } from '../../../infra/kafka/event-log';
import { heartbeatRecord } from '../../../infra/kafka/heartbeats';
import { silentLogger } from '../../../infra/logger';
import { spec } from '../../spec';
import { testClock } from '../../support/test-clock';

const at = (topic: string, offset: number, value: string | null = null): LogRecord => ({
  topic,
  partition: 0,
  offset,
  key: null,
  value: value === null ? null : Buffer.from(value),
  headers: [],
  timestampMs: 0,
});

const beat = (offset: number, sentAt: string): LogRecord =>
  at('h', offset, String(heartbeatRecord('h', { position: 1, sentAt }).value));

const world = () => {
  let nowMs = 0;
  let isThere = true;
  let records: ReadonlyArray<LogRecord> = [];
  const assigned: (readonly string[])[] = [];
  const heard: (string | undefined)[] = [];
  const consumer: LogConsumer = {
    assign: (from: ReadonlyArray<PartitionOffset>) =>
      void assigned.push(from.map(({ topic, offset }) => `${topic} ${offset}`)),
    poll: async () => Promise.resolve(records),
    gaps: () => ['h', 't'].map((topic) => ({ topic, partition: 0, expectedOffset: 0, foundOffset: 1 })),
    watermarks: async () => Promise.resolve({ low: 0, high: 40 }),
    close: async () => Promise.resolve(),
  };
  const heartbeats = groupHeartbeats({
    heartbeatTopic: 'h',
    group: 'g',
    log: {
      describe: async () => (isThere ? Promise.resolve([]) : Promise.reject(new TopicMissing('not yet'))),
    },
    clock: { ...testClock(), monotonicMs: () => nowMs },
    logger: silentLogger,
    onHeartbeat: ({ sentAt }) => heard.push(sentAt),
    onNone: () => heard.push(undefined),
  });
  return {
    heartbeats,
    consumer,
    assigned,
    heard,
    passMs: (durationMs: number) => (nowMs += durationMs),
    setThere: (there: boolean) => (isThere = there),
    deliver: (...next: ReadonlyArray<LogRecord>) => (records = next),
  };
};

spec('the heartbeats that a group reads', ({ test }) => {
  test('are joined after a while, from the end of their topic on, and read on from there', async () => {
    const { heartbeats, consumer, assigned, heard, passMs, deliver } = world();
    const around = heartbeats.around(consumer);
    around.assign([{ topic: 't', partition: 0, offset: 3 }]);
    assert.is(await heartbeats.joinWhenDue(around), false);
    passMs(1_000);
    assert.is(await heartbeats.joinWhenDue(around), true);
    assert.is(await heartbeats.joinWhenDue(around), false);
    around.assign([{ topic: 't', partition: 0, offset: 4 }]);
    deliver(at('t', 4), beat(40, '2024-01-01T00:00:00.000Z'), at('h', 41, 'not one of ours'), at('t', 5));
    assert.equal(
      (await around.poll(10)).map(({ offset }) => offset),
      [4, 5],
    );
    around.assign([]);
    assert.equal(assigned, [['t 3'], ['t 4', 'h 40'], ['h 42']]);
    assert.equal(heard, ['2024-01-01T00:00:00.000Z']);
    assert.equal(
      around.gaps().map(({ topic }) => topic),
      ['t'],
    );
  });

  test('are looked for until their topic is there', async () => {
    const { heartbeats, consumer, passMs, setThere } = world();
    const around = heartbeats.around(consumer);
    setThere(false);
    passMs(1_000);
    assert.is(await heartbeats.joinWhenDue(around), false);
    setThere(true);
    passMs(29_999);
    assert.is(await heartbeats.joinWhenDue(around), false);
    passMs(1);
    assert.is(await heartbeats.joinWhenDue(around), true);
  });

  test('are left with the session, and left alone for ten minutes where it failed before the first came', async () => {
    const { heartbeats, consumer, assigned, heard, passMs, deliver } = world();
    const join = async (afterMs: number): Promise<boolean> => {
      const around = heartbeats.around(consumer);
      passMs(afterMs);
      return heartbeats.joinWhenDue(around);
    };
    assert.is(await join(1_000), true);
    heartbeats.leave(true);
    assert.equal(heard, [undefined]);
    assert.is(await join(599_999), false);
    heartbeats.leave(true);
    assert.is(await join(1_000), true);
    const around = heartbeats.around(consumer);
    deliver(beat(40, '2024-01-01T00:00:00.000Z'));
    await around.poll(1);
    heartbeats.leave(true);
    heartbeats.around(consumer).assign([]);
    assert.equal(assigned, [[]]);
    assert.is(await join(1_000), true);
    heartbeats.leave(false);
    assert.is(await join(1_000), true);
  });
});
