/** What is remembered of streams is bounded by bytes, and what a state weighs is found without looking at it each time. */
import * as assert from 'uvu/assert';
import type { Fold } from '../../../domain/kernel/aggregate';
import { PersistentMap } from '../../../domain/kernel/persistent-map';
import { rememberedStates } from '../../../infra/commands/kept-states';
import { sizeOf } from '../../../infra/commands/state-size';
import { spec } from '../../spec';

const stateOf = (state: unknown, version = 1) => ({ version, position: version, fold: { state } as Fold });
const text = (length: number): string => 'x'.repeat(length);

spec('remembered states', ({ test }) => {
  test('are as many small ones as were asked for, and as many large ones as there is room for', () => {
    const small = rememberedStates(100, 1_000_000);
    for (let index = 0; index < 200; index += 1) small.set(`s${index}`, stateOf({ index }), 10);
    assert.is(small.get('s0'), undefined);
    assert.ok(small.get('s100') !== undefined);

    const large = rememberedStates(100, 1_000_000);
    for (let index = 0; index < 20; index += 1) large.set(`s${index}`, stateOf({ text: text(240_000) }), 240_000);
    const kept = Array.from({ length: 20 }, (_, index) => large.get(`s${index}`)).filter((each) => each !== undefined);
    assert.is(kept.length, 4);
    assert.ok(large.get('s19') !== undefined);
  });

  test('are not kept where one alone is more than all may be', () => {
    const states = rememberedStates(100, 100_000);
    states.set('small', stateOf({}), 10);
    states.set('huge', stateOf({ text: text(200_000) }), 200_000);
    assert.is(states.get('huge'), undefined);
    assert.ok(states.get('small') !== undefined);
  });

  test('weigh what they hold, not all that they were folded from', () => {
    const states = rememberedStates(100, 1_000_000);
    // A counter after many events: the estimate is corrected by a look whenever it has grown.
    for (let version = 1; version <= 10_000; version += 1) states.set('counter', stateOf({ version }, version), 300);
    states.set('other', stateOf({ text: text(900_000) }), 900_000);
    assert.ok(states.get('counter') !== undefined);
    assert.ok(states.get('other') !== undefined);
  });

  test('make room for one that grows, event by event', () => {
    const states = rememberedStates(100, 1_000_000);
    states.set('other', stateOf({ text: text(500_000) }), 500_000);
    for (let version = 1; version <= 60; version += 1) {
      states.set('grows', stateOf({ texts: Array.from({ length: version }, () => text(10_000)) }, version), 10_000);
    }
    assert.is(states.get('other'), undefined);
    assert.ok(states.get('grows') !== undefined);
  });
});

spec('the size of a state', ({ test }) => {
  test('counts texts, members, maps and lists, and what is shared once', () => {
    const shared = { text: text(10_000) };
    const size = sizeOf({ shared, again: shared, list: [shared, 1, null], map: new Map([['k', text(1_000)]]) }) ?? 0;
    assert.ok(size > 11_000 && size < 12_000, String(size));
    let map = PersistentMap.empty<string>();
    for (let index = 0; index < 500; index += 1) map = map.set(`k${index}`, text(100));
    assert.ok((sizeOf(map) ?? 0) > 50_000);
  });

  test('is of a persistent map what its entries weigh and the tree around them, and what two versions share counts once', () => {
    const grown = (length: number): PersistentMap<{ readonly quantity: number }> => {
      let map = PersistentMap.empty<{ readonly quantity: number }>();
      for (let index = 0; index < length; index += 1) map = map.set(`order-${index}`, { quantity: index });
      return map;
    };
    // Measured on Node 20: 130 to 250 bytes of heap an entry, however many there are.
    for (const entries of [10, 500, 7_000]) {
      const eachBytes = (sizeOf(grown(entries)) ?? 0) / entries;
      assert.ok(eachBytes > 130 && eachBytes < 300, `${eachBytes} bytes for each of ${entries}`);
    }
    const map = grown(1_000);
    const alone = sizeOf([map]) ?? 0;
    assert.ok((sizeOf([map, map.set('order-1000', { quantity: 1 })]) ?? 0) < alone * 1.02);
    const read = PersistentMap.of(map.entries());
    assert.ok(Math.abs((sizeOf(read) ?? 0) / (sizeOf(map) ?? 0) - 1) < 0.2, 'read from a snapshot it weighs the same');
  });

  test('is not looked for in a state of too many parts', () => {
    assert.is(sizeOf(Array.from({ length: 100_000 }, (_, index) => index)), undefined);
  });
});
