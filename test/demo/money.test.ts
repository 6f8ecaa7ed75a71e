/** Decimal texts as cents. */
import * as fc from 'fast-check';
import * as assert from 'uvu/assert';
import { centsOf, decimalOf } from '../../api/demo/money';
import { spec } from '../spec';

spec('money in the demonstration', ({ test }) => {
  for (const [text, cents] of [
    ['149.9', 14_990],
    ['0.07', 7],
    ['12', 1_200],
    ['8.70', 870],
    ['0.29', 29],
    ['999999999999.99', 99_999_999_999_999],
  ] as const) {
    test(`reads ${text} as ${cents}`, () => {
      assert.is(centsOf(text), cents);
    });
  }

  for (const text of ['', '1.234', '-1', '1,5', '1e3', ' 1', '.5', '1.', 'NaN', '1234567890123']) {
    test(`refuses '${text}'`, () => {
      assert.throws(() => centsOf(text), /is not an amount with at most two decimal places/);
    });
  }

  test('reads what it shows', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 99_999_999_999_999 }), (cents) => centsOf(decimalOf(cents)) === cents),
      { seed: 7, numRuns: 500 },
    );
  });

  test('shows what is negative, and what is less than one', () => {
    assert.equal([decimalOf(-5), decimalOf(-12_345), decimalOf(0)], ['-0.05', '-123.45', '0.00']);
  });
});
