/** The count behind a producer: every report once, and nothing after the first failure. */
import * as assert from 'uvu/assert';
import type { LibrdKafkaError } from '@confluentinc/kafka-javascript';
import { systemClock } from '../../../infra/clock';
import { deliveryCount } from '../../../infra/kafka/delivery-count';
import { spec } from '../../spec';

const rejected: LibrdKafkaError = {
  code: 29,
  errno: 29,
  message: 'Broker: Topic authorization failed',
  origin: 'kafka',
};
const of = (sequence: number) => ({ topic: 'orders', partition: 3, opaque: sequence });

const counted = () => {
  const told: string[] = [];
  const count = deliveryCount({
    onDelivered: (sequence) => void told.push(`delivered ${sequence}`),
    onFailed: (failure) => void told.push(`failed ${failure.class} (${failure.reason})`),
  });
  return { told, count };
};

spec('the count of deliveries', ({ test }) => {
  test('tells the first failure, and nothing after it: no other failure, no delivery', () => {
    const { told, count } = counted();
    for (let sequence = 0; sequence < 4; sequence += 1) count.sent({ topic: 'orders', partition: 3 });
    count.report(null, of(0));
    count.report(rejected, of(1));
    count.report(null, of(2));
    count.report(rejected, of(3));
    count.fail({ class: 'fatal', reason: 'later' });
    assert.equal(told, [
      'delivered 0',
      'failed topic-authorization-failed (orders/3: Broker: Topic authorization failed)',
    ]);
    assert.is(count.isOver(), true);
  });

  test('is settled at the last report, not before', async () => {
    const { count } = counted();
    count.sent({ topic: 'orders', partition: 3 });
    count.sent({ topic: 'orders', partition: 3 });
    let settled: boolean | undefined;
    const settling = count.settled(10_000).then((answer) => {
      settled = answer;
    });
    count.report(null, of(0));
    await systemClock.sleep(5);
    assert.is(settled, undefined);
    count.report(null, of(1));
    await settling;
    assert.is(settled, true);
    assert.is(await count.settled(10_000), true, 'and stays so');
  });

  test('is not settled at the time-out, nor at a failure, which ends the wait at once', async () => {
    const { count } = counted();
    count.sent({ topic: 'orders', partition: 3 });
    assert.is(await count.settled(5), false);
    const settling = count.settled(10_000);
    count.report(rejected, of(0));
    assert.is(await settling, false);
    assert.is(await count.settled(10_000), false);
  });
});
