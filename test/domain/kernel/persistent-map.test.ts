import fc from 'fast-check';
import { hash } from 'immutable';
import * as assert from 'uvu/assert';
import { PersistentMap } from '../../../domain/kernel/persistent-map';
import { spec } from '../../spec';
import { holds } from '../arbitraries';

const entries = fc.array(fc.tuple(fc.oneof(fc.string(), fc.constantFrom('a', 'constructor', '')), fc.nat()), {
  maxLength: 300,
  size: 'max',
});

const filled = <Value>(pairs: ReadonlyArray<readonly [string, Value]>): PersistentMap<Value> =>
  pairs.reduce((map, [key, value]) => map.set(key, value), PersistentMap.empty<Value>());

spec('persistent map', ({ test }) => {
  test('it holds what a Map holds', () =>
    holds(
      fc.property(entries, fc.string(), (pairs, other) => {
        const map = filled(pairs);
        const expected = new Map(pairs);
        for (const [key, value] of expected) assert.is(map.get(key), value);
        assert.is(map.get(other), expected.get(other));
        assert.equal(
          map.entries(),
          [...expected].sort(([left], [right]) => (left < right ? -1 : 1)),
        );
      }),
      200,
    ));
  test('setting a key does not change the original map', () =>
    holds(
      fc.property(entries, fc.string(), (pairs, key) => {
        const map = filled(pairs);
        const before = map.entries();
        map.set(key, -1);
        assert.equal(map.entries(), before);
      }),
      100,
    ));
  test('keys with the same hash do not collide', () => {
    const colliding = collisions();
    assert.equal([...new Set(colliding.map((key) => hash(key)))].length, 1);
    const many = [...colliding, ...Array.from({ length: 500 }, (_, index) => `key-${index}`)];
    const map = filled(many.map((key, index) => [key, index] as const));
    many.forEach((key, index) => assert.is(map.get(key), index));
  });
  test('it is a plain object in JSON, sorted by key', () =>
    assert.is(
      JSON.stringify(
        filled([
          ['b', 1],
          ['constructor', 2],
          ['a', 3],
        ]),
      ),
      '{"a":3,"b":1,"constructor":2}',
    ));
  test('a hundred thousand entries fold quickly, where copies would take minutes', () => {
    const startedAt = performance.now();
    let map = PersistentMap.empty<number>();
    for (let index = 0; index < 100_000; index += 1) map = map.set(`order-${index}`, index);
    assert.is(map.get('order-77777'), 77_777);
    const tookMs = performance.now() - startedAt;
    assert.ok(tookMs < 5_000, `${tookMs} ms`);
  });
});

/** Keys with the same hash: it is 31 times what came before plus the next character, and 'Aa' and 'BB' come to the same. */
const collisions = (): ReadonlyArray<string> =>
  ['Aa', 'BB'].flatMap((first) => ['Aa', 'BB'].map((second) => first + second));
