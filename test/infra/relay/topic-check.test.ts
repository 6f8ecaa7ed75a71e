import * as assert from 'uvu/assert';
import type { Topic } from '../../../domain/kernel/topic';
import type { LogTopic } from '../../../infra/kafka/event-log';
import { topicDecision, type TopicState } from '../../../infra/relay/topic-check';
import { spec } from '../../spec';

const orders: Topic = {
  name: 'orders',
  partitions: 4,
  retention: 'forever',
  key: { is: 'the order id', because: 'orders are told apart by it', concurrency: 'x', skew: 'x' },
};
const topic = (logId: string, partitions = 4): LogTopic => ({ topic: 'orders', partitions, logId });

const decide = (state: Partial<TopicState>) =>
  topicDecision({
    declared: [orders],
    found: [topic('kafka:a')],
    known: [topic('kafka:a')],
    cursor: 7,
    acceptNewLog: false,
    ...state,
  });

spec('the check of topics', ({ test }) => {
  test('continues from the cursor on known topics', () => {
    assert.equal(decide({}), { _tag: 'Publish', cursor: 7, note: undefined });
  });

  test('starts from nothing where nothing was published yet', () => {
    assert.equal(decide({ known: [], cursor: 0 }), { _tag: 'Publish', cursor: 0, note: undefined });
  });

  test('refuses another partition count, whatever else holds, and says why and what to do', () => {
    for (const acceptNewLog of [false, true]) {
      const decision = decide({ found: [topic('kafka:a', 6)], acceptNewLog });
      assert.is(decision._tag, 'Refuse');
      assert.match(
        decision._tag === 'Refuse' ? decision.reason : '',
        /6 partitions, declared are 4.*Another number of partitions/,
      );
    }
  });

  test('refuses a recreated topic or another cluster, with what to do', () => {
    const decision = decide({ found: [topic('kafka:b')] });
    assert.is(decision._tag, 'Refuse');
    assert.match(
      decision._tag === 'Refuse' ? decision.reason : '',
      /recreated, or this is another cluster.*ACCEPT_NEW_LOG=true/,
    );
  });

  test('publishes everything again where the new log is accepted', () => {
    const decision = decide({ found: [topic('kafka:b')], acceptNewLog: true });
    assert.is(decision._tag === 'Publish' && decision.cursor, 0);
    assert.match(decision._tag === 'Publish' ? (decision.note ?? '') : '', /everything is published from the store/);
  });

  test('does not publish again what an embedded broker has lost', () => {
    const decision = decide({ found: [topic('embedded:2:orders')], known: [topic('embedded:1:orders')] });
    assert.is(decision._tag === 'Publish' && decision.cursor, 7);
    assert.match(decision._tag === 'Publish' ? (decision.note ?? '') : '', /starts empty/);
  });

  test('publishes everything when switching from an embedded broker to a real one', () => {
    const decision = decide({ known: [topic('embedded:1:orders')] });
    assert.is(decision._tag === 'Publish' && decision.cursor, 0);
  });
});
