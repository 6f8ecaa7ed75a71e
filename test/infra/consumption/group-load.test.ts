/** What a group says of its load: the hottest keys in bounded memory, and how long batches take. */
import * as assert from 'uvu/assert';
import { groupLoadMeter } from '../../../infra/consumption/loop/group-load';
import { heavyHitters } from '../../../infra/consumption/loop/heavy-hitters';
import type { LogRecord } from '../../../infra/kafka/event-log';
import { spec } from '../../spec';
import { seededRandom } from '../../support/random';

const record = (topic: string, key: string | null): LogRecord => ({
  topic,
  partition: 0,
  offset: 0,
  key: key === null ? null : Buffer.from(key),
  value: null,
  headers: [],
  timestampMs: 0,
});

spec('the most frequent keys', ({ test }) => {
  test('are exact while there are few', () => {
    const hitters = heavyHitters(4);
    for (const key of ['a', 'b', 'a', 'c', 'a', 'b']) hitters.add(key);
    assert.equal(hitters.top(2), [
      { key: 'a', count: 3, error: 0 },
      { key: 'b', count: 2, error: 0 },
    ]);
    assert.is(hitters.total(), 6);
  });

  for (const seed of [1, 2, 3])
    test(`are found among very many, with bounds that hold (seed ${seed})`, () => {
      const random = seededRandom(seed);
      const capacity = 16;
      const hitters = heavyHitters(capacity);
      const truth = new Map<string, number>();
      for (let count = 0; count < 5_000; count += 1) {
        const key = random() < 0.3 ? `hot${Math.floor(random() * 3)}` : `cold${Math.floor(random() * 4_000)}`;
        truth.set(key, (truth.get(key) ?? 0) + 1);
        hitters.add(key);
      }
      const all = hitters.top(capacity + 1);
      assert.is(all.length, capacity);
      const kept = new Set(all.map(({ key }) => key));
      for (const [key, count] of truth) if (count > hitters.total() / capacity) assert.ok(kept.has(key), key);
      for (const { key, count, error } of all) {
        const actual = truth.get(key) ?? 0;
        assert.ok(count >= actual && count - error <= actual, `${key}: ${count} - ${error}, in truth ${actual}`);
      }
      assert.equal(
        all.slice(0, 3).map(({ key }) => key.slice(0, 3)),
        ['hot', 'hot', 'hot'],
      );
    });
});

spec('the load of a group', ({ test }) => {
  test('is absent before the first batch, then names keys by topic and the quantiles of the last batches', () => {
    const meter = groupLoadMeter({ monotonicMs: () => 0 });
    assert.equal(meter.load(), {});
    meter.noteBatch([record('t', 'a'), record('t', 'b'), record('t', 'a'), record('u', 'c'), record('u', null)], 20);
    for (let batch = 2; batch <= 100; batch += 1) meter.noteBatch([], batch);
    const { processing, ...rest } = meter.load();
    const { eventSeconds = 0, ...quantiles } = processing ?? {};
    assert.equal(quantiles, { batches: 100, p50Seconds: 0.05, p99Seconds: 0.099 });
    // The last ten batches took 91 to 100 ms.
    assert.is(Math.round(eventSeconds * 1_000), 955);
    assert.equal(rest, {
      hottestKeys: [
        {
          topic: 't',
          records: 3,
          keys: [
            { key: 'a', records: 2, atLeast: 2 },
            { key: 'b', records: 1, atLeast: 1 },
          ],
        },
        { topic: 'u', records: 1, keys: [{ key: 'c', records: 1, atLeast: 1 }] },
      ],
    });
  });

  test('forgets: a key that was hot is behind one that is, and no more than five keys and 200 batches are shown', () => {
    let nowMs = 0;
    const meter = groupLoadMeter({ monotonicMs: () => nowMs });
    const many = (key: string, count: number) => Array.from({ length: count }, () => record('t', key));
    meter.noteBatch(many('old', 100), 1);
    nowMs += 240_000;
    meter.noteBatch(many('new', 10), 1);
    for (let count = 0; count < 300; count += 1) meter.noteBatch([record('t', `k${count}`)], 1);
    const { processing, hottestKeys = [] } = meter.load();
    assert.is(processing?.batches, 200);
    assert.equal(
      hottestKeys.map(({ topic, keys }) => [topic, keys.length, keys[0]?.key]),
      [['t', 5, 'new']],
    );
  });
});
