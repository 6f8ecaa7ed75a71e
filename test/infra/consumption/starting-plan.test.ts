import * as assert from 'uvu/assert';
import type { Topic } from '../../../domain/kernel/topic';
import { startingPlan, type StartingState } from '../../../infra/consumption/loop/start-plan';
import { spec } from '../../spec';

const declared: Topic = {
  name: 'orders',
  partitions: 1,
  retention: 'forever',
  key: { is: 'the order id', because: 'orders are told apart by it', concurrency: 'x', skew: 'x' },
};
const known = { topic: 'orders', partition: 0, logId: 'kafka:a', nextOffset: 5, highWaterPosition: 9 };
const bounds = { topic: 'orders', partition: 0, logId: 'kafka:a', low: 0, high: 10 };

const planOf = (state: Partial<StartingState>) =>
  startingPlan({
    declared: [declared],
    found: [{ topic: 'orders', partitions: 1, logId: 'kafka:a' }],
    bounds: [bounds],
    checkpoints: [known],
    acceptNewLog: false,
    ...state,
  });

const started = (state: Partial<StartingState>) => {
  const plan = planOf(state);
  if (plan._tag === 'Refuse') throw new Error(plan.reason);
  return plan;
};
const refused = (state: Partial<StartingState>): string => {
  const plan = planOf(state);
  return plan._tag === 'Refuse' ? plan.reason : 'it was not refused';
};

spec('the starting plan of a group', ({ test }) => {
  test('continues at the checkpoint', () => {
    const from = [{ topic: 'orders', partition: 0, offset: 5 }];
    assert.equal(started({}), { _tag: 'Start', begin: [], moves: [], from, catchUp: undefined });
  });

  test('begins a new group at the first record', () => {
    const plan = started({ checkpoints: [] });
    assert.equal(plan.begin, [
      { topic: 'orders', partition: 0, logId: 'kafka:a', nextOffset: 0, highWaterPosition: 0 },
    ]);
    assert.is(plan.catchUp, undefined);
  });

  test('catches up from the store where a new group finds a log without its beginning', () => {
    const plan = started({ checkpoints: [], bounds: [{ ...bounds, low: 3 }] });
    assert.is(plan.moves[0]?.nextOffset, 3);
    assert.match(plan.catchUp ?? '', /begins at offset 3/);
  });

  test('makes the same plan until the catch-up is done, and reads the log then', () => {
    for (const found of [
      { ...bounds, low: 3 },
      { ...bounds, logId: 'embedded:2' },
    ]) {
      const { begin, moves, ...plan } = started({ checkpoints: [], bounds: [found] });
      assert.equal(started({ checkpoints: begin, bounds: [found] }), { ...plan, begin: [], moves });
      assert.is(started({ checkpoints: moves, bounds: [found] }).catchUp, undefined);
    }
  });

  test('accepts a partition that was left behind when the others of its topic switched to the log', () => {
    const two = [bounds, { ...bounds, partition: 1 }].map((each) => ({ ...each, logId: 'kafka:b' }));
    const plan = started({ bounds: two, checkpoints: [known, { ...known, partition: 1, logId: 'kafka:b' }] });
    assert.equal(
      plan.moves.map(({ partition, logId }) => [partition, logId]),
      [[0, 'kafka:b']],
    );
    const one = { ...bounds, low: 8 };
    assert.match(refused({ bounds: [one], checkpoints: [known, { ...known, partition: 1 }] }), /records are deleted/);
  });

  test('accepts a checkpoint at the end of the log and at its beginning', () => {
    assert.is(started({ bounds: [{ ...bounds, high: 5 }] }).from[0]?.offset, 5);
    assert.is(started({ bounds: [{ ...bounds, low: 5 }] }).from[0]?.offset, 5);
  });

  test('refuses to skip deleted records, with the numbers', () => {
    assert.match(
      refused({ bounds: [{ ...bounds, low: 8 }] }),
      /next offset of this group is 5.*first one is 8: 3 records are deleted/,
    );
  });

  test('catches up from the store for deleted records, where that is accepted', () => {
    const plan = started({ bounds: [{ ...bounds, low: 8 }], acceptNewLog: true });
    assert.is(plan.moves[0]?.nextOffset, 8);
    assert.match(plan.catchUp ?? '', /no longer has 3 records/);
  });

  test('refuses a log that has lost records', () => {
    assert.match(refused({ bounds: [{ ...bounds, high: 4 }] }), /log ends at 4/);
  });

  test('refuses a recreated topic, and accepts it with its high-water positions where that is allowed', () => {
    const recreated = { bounds: [{ ...bounds, logId: 'kafka:b', high: 2 }] };
    assert.match(refused(recreated), /ACCEPT_NEW_LOG=true/);
    const plan = started({ ...recreated, acceptNewLog: true });
    assert.equal(plan.moves, [
      {
        topic: 'orders',
        partition: 0,
        logId: 'kafka:b',
        nextOffset: 0,
        highWaterPosition: 9,
        fromLogId: 'kafka:a',
        fromOffset: 5,
      },
    ]);
  });

  test('refuses topics of other names than it has read, as their events would be applied again', () => {
    const renamed = { ...declared, name: 'x-orders' };
    assert.match(refused({ declared: [renamed] }), /has read orders so far.*x-orders.*KAFKA_TOPIC_PREFIX/);
    const takenOver = { ...renamed, earlier: [{ name: 'orders', partitions: 1 }] };
    assert.is(planOf({ declared: [takenOver] })._tag, 'Start');
  });

  test('refuses another partition count even where a new log is accepted', () => {
    const found = [{ topic: 'orders', partitions: 2, logId: 'kafka:a' }];
    assert.match(refused({ found, acceptNewLog: true }), /2 partitions, declared are 1/);
  });

  test('catches up from the store on an embedded broker that is new, or has evicted records', () => {
    const embedded = { ...bounds, logId: 'embedded:2' };
    assert.match(started({ bounds: [embedded] }).catchUp ?? '', /starts empty/);
    assert.match(started({ bounds: [embedded], checkpoints: [] }).catchUp ?? '', /starts empty/);
    const evicted = started({
      bounds: [{ ...embedded, low: 8 }],
      checkpoints: [{ ...known, logId: 'embedded:2' }],
    });
    assert.match(evicted.catchUp ?? '', /evicted/);
    assert.is(evicted.from[0]?.offset, 8);
  });

  test('switches from an embedded broker to a real one without ACCEPT_NEW_LOG', () => {
    const plan = started({ checkpoints: [{ ...known, logId: 'embedded:1' }] });
    assert.is(plan.moves[0]?.nextOffset, 0);
    assert.is(plan.moves[0]?.highWaterPosition, 9);
    assert.is(plan.catchUp, undefined);
  });
});
