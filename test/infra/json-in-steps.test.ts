/** Large values become JSON text piece by piece, and it is the text that JSON.stringify makes. */
import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { PersistentMap } from '../../domain/kernel/persistent-map';
import { jsonInSteps, jsonPieces } from '../../infra/json-in-steps';
import { spec } from '../spec';
import { holds } from '../domain/arbitraries';

const whole = (value: unknown): string => [...jsonPieces(value)].join('');

const ofKeys = (count: number): PersistentMap<unknown> =>
  PersistentMap.of(
    Array.from({ length: count }, (_, index) => [`order-${index}`, { quantity: 1, status: 'reserved' }]),
  );

spec('JSON in steps', ({ test }) => {
  test('is what JSON.stringify makes', () =>
    holds(
      fc.property(fc.anything({ withDate: true, withNullPrototype: true }), (value) => {
        const held = { value, list: [value, undefined, () => 1], none: undefined };
        assert.is(whole(held), JSON.stringify(held));
      }),
      500,
    ));

  test('of maps, dates, absent members and odd numbers', () => {
    const value = {
      map: ofKeys(30),
      empty: [{}, [], PersistentMap.empty()],
      date: new Date(0),
      absent: undefined,
      call: whole,
      list: [undefined, whole, NaN, -0, '\ud800"', null],
      own: { toJSON: (name: string) => ({ name }) },
      gone: { toJSON: () => undefined },
    };
    assert.is(whole(value), JSON.stringify(value));
    for (const single of ['a', 1, null, true, [], {}]) assert.is(whole(single), JSON.stringify(single));
  });

  test('takes a bounded part in each step, however many keys there are', () => {
    for (const count of [31_000, 100_000]) {
      const pieces = [...jsonPieces({ state: { reservations: ofKeys(count) } })];
      const longest = Math.max(...pieces.map(({ length }) => length));
      assert.ok(longest < 70_000, `${longest} characters at once`);
      // A reservation is an object of two members, and its end.
      const most = Math.max(...pieces.map((piece) => piece.split(/[,}]/).length));
      assert.ok(most < 4_000, `${most} values at once`);
    }
  });

  test('lets others have their turn between the steps', async () => {
    let turns = 0;
    let isOver = false;
    const count = (): void => {
      turns += 1;
      if (!isOver) setImmediate(count);
    };
    setImmediate(count);
    const text = await jsonInSteps({ reservations: ofKeys(31_000) });
    isOver = true;
    assert.ok(text.length > 1_000_000);
    assert.ok(turns > 20, `${turns} turns`);
  });
});
