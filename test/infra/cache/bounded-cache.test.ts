/** The cache that forgets what was touched longest ago. */
import * as assert from 'uvu/assert';
import { boundedCache } from '../../../infra/cache/bounded-cache';
import { spec } from '../../spec';

spec('a bounded cache', ({ test }) => {
  test('holds its capacity, and lets the entry go that was touched longest ago', () => {
    const cache = boundedCache<string, number>(2);
    cache.set('a', 1);
    cache.set('b', 2);
    assert.is(cache.get('a'), 1);
    cache.set('c', 3);
    assert.equal([cache.get('a'), cache.get('b'), cache.get('c'), cache.size()], [1, undefined, 3, 2]);
  });

  test('replaces, deletes and clears', () => {
    const cache = boundedCache<string, number>(2);
    cache.set('a', 1);
    cache.set('a', 2);
    assert.equal([cache.get('a'), cache.size()], [2, 1]);
    cache.delete('a');
    assert.is(cache.get('a'), undefined);
    cache.set('b', 1);
    cache.clear();
    assert.is(cache.size(), 0);
  });

  test('lets the oldest go until the rest weighs no more than it may, and keeps nothing that is heavier alone', () => {
    const cache = boundedCache<string, string>(10, { max: 6, of: ({ length }) => length });
    cache.set('a', 'xxx');
    cache.set('b', 'xx');
    cache.set('c', 'xxx');
    assert.equal([cache.get('a'), cache.get('b'), cache.get('c'), cache.weight()], [undefined, 'xx', 'xxx', 5]);
    cache.set('b', 'xxxxxxx');
    assert.equal([cache.get('b'), cache.weight()], [undefined, 3]);
    cache.clear();
    assert.is(cache.weight(), 0);
  });

  test('with no capacity remembers nothing', () => {
    const cache = boundedCache<string, number>(0);
    cache.set('a', 1);
    assert.equal([cache.get('a'), cache.size()], [undefined, 0]);
  });
});
