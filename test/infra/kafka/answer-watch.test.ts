/** Whether Kafka responds to whoever uses a log: calls that wait, calls that fail for want of a broker, records in flight. */
import * as assert from 'uvu/assert';
import { EngineFault } from '../../../infra/engine-fault';
import { SILENT_AFTER_MS, watchAnswers, type NotReached } from '../../../infra/kafka/answer-watch';
import { TopicMissing, type DeliveryListener, type EventLog, type LogProducer } from '../../../infra/kafka/event-log';
import { spec } from '../../spec';

const record = { topic: 't', partition: 0, key: null, value: null, headers: [], timestampMs: 0, sequence: 1 };

class Failure extends EngineFault implements NotReached {
  constructor(readonly isNotReached: boolean) {
    super('failed');
  }
}

/** A log that responds as the test says, and its clock. */
const world = () => {
  let nowMs = 1_000;
  let fault: Error | undefined;
  let listener: DeliveryListener | undefined;
  const producer: LogProducer = {
    send: () => 'queued',
    flush: async () => Promise.resolve(true),
    close: async () => Promise.resolve(),
  };
  const log = {
    describe: async () => (fault === undefined ? Promise.resolve([]) : Promise.reject(fault)),
    openProducer: async (own: DeliveryListener) => {
      listener = own;
      return Promise.resolve(producer);
    },
    openConsumer: async () =>
      Promise.resolve({ poll: async () => Promise.resolve([]), close: async () => Promise.resolve() }),
  } as unknown as EventLog;
  const watched = watchAnswers(log, { monotonicMs: () => nowMs });
  return {
    ...watched,
    passMs: (durationMs: number) => (nowMs += durationMs),
    failWith: (error: Error | undefined) => (fault = error),
    told: (): DeliveryListener => {
      if (listener === undefined) throw new Error('no producer was opened');
      return listener;
    },
  };
};

const nothing: DeliveryListener = { onDelivered: () => undefined, onFailed: () => undefined };

spec('whether Kafka responds', ({ test }) => {
  test('counts from the first call that reached no broker to the next one that does', async () => {
    const { log, waitingSinceMs, isSilent, passMs, failWith } = world();
    failWith(new Failure(true));
    for (let attempt = 0; attempt < 3; attempt += 1) {
      await log.describe([]).catch(() => undefined);
      passMs(SILENT_AFTER_MS / 2);
      assert.is(waitingSinceMs(), 1_000);
      assert.is(isSilent(), attempt > 0);
    }
    // A consumer without records, and one that is closed, say nothing of the broker.
    const consumer = await log.openConsumer('g');
    failWith(new Failure(true));
    await log.describe([]).catch(() => undefined);
    assert.is.not(waitingSinceMs(), undefined);
    await consumer.poll(1);
    await consumer.close();
    assert.is.not(waitingSinceMs(), undefined);
    failWith(undefined);
    await log.describe([]);
    assert.is(waitingSinceMs(), undefined);
    assert.is(isSilent(), false);
  });

  test('takes a refusal for a response', async () => {
    const { log, waitingSinceMs, failWith } = world();
    for (const refusal of [new TopicMissing('gone'), new Failure(false)]) {
      failWith(refusal);
      await log.describe([]).catch(() => undefined);
      assert.is(waitingSinceMs(), undefined);
    }
  });

  test('counts records in flight from the last delivery on, until none is, they have failed, or nobody wants to know', async () => {
    const { log, waitingSinceMs, passMs, told } = world();
    const producer = await log.openProducer(nothing);
    producer.send(record);
    passMs(10);
    producer.send(record);
    assert.is(waitingSinceMs(), 1_000);
    told().onDelivered(1, 't');
    assert.is(waitingSinceMs(), 1_010);
    passMs(10);
    told().onDelivered(1, 't');
    assert.is(waitingSinceMs(), undefined);
    producer.send(record);
    assert.is(waitingSinceMs(), 1_020);
    told().onFailed({ class: 'stalled', reason: 'stalled' });
    assert.is(waitingSinceMs(), undefined);
    producer.send(record);
    await producer.close();
    assert.is(waitingSinceMs(), undefined);
  });
});
