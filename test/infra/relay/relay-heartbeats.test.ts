/** When the relay sends heartbeats, and what it does where Kafka does not take them. */
import * as assert from 'uvu/assert';
import { EngineFault } from '../../../infra/engine-fault';
import type { NotReached } from '../../../infra/kafka/answer-watch';
import type { OutgoingRecord } from '../../../infra/kafka/event-log';
import { readHeartbeat } from '../../../infra/kafka/heartbeats';
import { silentLogger } from '../../../infra/logger';
import { relayHeartbeats } from '../../../infra/relay/relay-heartbeats';
import { spec } from '../../spec';
import { testClock } from '../../support/test-clock';

class Failure extends EngineFault implements NotReached {
  constructor(readonly isNotReached: boolean) {
    super('failed');
  }
}

const world = (heartbeatTopic: string | null = 'h') => {
  let nowMs = 1_000;
  let fault: Error | undefined;
  let isFull = false;
  const created: string[] = [];
  const sent: OutgoingRecord[] = [];
  const heartbeats = relayHeartbeats({
    heartbeatTopic: heartbeatTopic ?? undefined,
    log: {
      ensureTopics: async (topics) => {
        created.push(...topics.map(({ name }) => name));
        return fault === undefined ? Promise.resolve([]) : Promise.reject(fault);
      },
    },
    clock: { ...testClock(), nowMs: () => nowMs, monotonicMs: () => nowMs },
    logger: silentLogger,
  });
  const beat = async (afterMs: number, position = 7): Promise<void> => {
    nowMs += afterMs;
    heartbeats.beatWhenDue(position, (record) => {
      if (!isFull) sent.push(record);
      return !isFull;
    });
    await new Promise((resolve) => setImmediate(resolve));
  };
  return {
    heartbeats,
    created,
    sent,
    beat,
    failWith: (error: Error | undefined) => (fault = error),
    fill: (full: boolean) => (isFull = full),
  };
};

spec('the heartbeats of the relay', ({ test }) => {
  test('are sent every five seconds once their topic is there, one at a time, with the position', async () => {
    const { heartbeats, created, sent, beat } = world();
    await beat(0);
    assert.equal([created, sent.length], [['h'], 0]);
    await beat(0);
    assert.equal(
      sent.map(({ value }) => readHeartbeat({ value: Buffer.from(String(value)) })),
      [{ position: 7, sentAt: '1970-01-01T00:00:01.000Z' }],
    );
    assert.equal(heartbeats.status(), { sentAt: '1970-01-01T00:00:01.000Z', acknowledgedSentAt: null });
    await beat(60_000);
    assert.is(sent.length, 1);
    heartbeats.acknowledged();
    assert.equal(heartbeats.status()?.acknowledgedSentAt, '1970-01-01T00:00:01.000Z');
    await beat(0);
    heartbeats.acknowledged();
    await beat(4_999);
    assert.is(sent.length, 2);
    await beat(1);
    assert.is(sent.length, 3);
  });

  test('come again with a new producer, whatever was on its way, and where the queue was full', async () => {
    const { heartbeats, sent, beat, fill } = world();
    await beat(0);
    fill(true);
    await beat(0);
    assert.is(heartbeats.status(), undefined);
    fill(false);
    await beat(5_000);
    assert.is(sent.length, 1);
    heartbeats.producerClosed();
    await beat(5_000);
    await beat(0);
    assert.is(sent.length, 2);
  });

  test('pause for ten minutes where they are refused, and not where no broker was reached', async () => {
    const { heartbeats, created, sent, beat, failWith } = world();
    failWith(new Failure(true));
    await beat(0);
    await beat(5_000);
    assert.is(created.length, 2);
    failWith(new Failure(false));
    await beat(5_000);
    failWith(undefined);
    await beat(599_999);
    assert.is(created.length, 3);
    await beat(1);
    await beat(0);
    assert.is(sent.length, 1);
    heartbeats.suspend('no right');
    heartbeats.producerClosed();
    await beat(599_999);
    assert.is(created.length, 4);
  });

  test('are not sent where there is no topic for them', async () => {
    const { created, sent, beat } = world(null);
    await beat(0);
    await beat(10_000);
    assert.equal([created, sent], [[], []]);
  });
});
