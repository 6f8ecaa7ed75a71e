/** An instant exists in the calendar: exactly those texts are valid whose time prints back as the same text. */
import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { Instant } from '../../../domain/kernel/values';
import { spec } from '../../spec';
import { holds } from '../arbitraries';

const digits = (value: number, length: number): string => String(value).padStart(length, '0');

/** Months, days and hours around every bound, in leap years and others. */
const texts = fc
  .tuple(
    fc.oneof(fc.integer({ min: 0, max: 9_999 }), fc.constantFrom(1900, 2000, 2023, 2024, 2100)),
    fc.integer({ min: 0, max: 13 }),
    fc.oneof(fc.integer({ min: 0, max: 32 }), fc.integer({ min: 27, max: 31 })),
    fc.integer({ min: 0, max: 25 }),
    fc.integer({ min: 58, max: 61 }),
    fc.integer({ min: 58, max: 61 }),
  )
  .map(([year, month, day, hour, minute, second]) => {
    const date = `${digits(year, 4)}-${digits(month, 2)}-${digits(day, 2)}`;
    return `${date}T${digits(hour, 2)}:${digits(minute, 2)}:${digits(second, 2)}Z`;
  });

const printsBack = (text: string): boolean => {
  const parsed = Date.parse(text);
  return !Number.isNaN(parsed) && new Date(parsed).toISOString().slice(0, 19) === text.slice(0, 19);
};

spec('an instant', ({ test }) => {
  test('has a day, an hour, a minute and a second that exist', () =>
    holds(
      fc.property(texts, (text) => {
        assert.is(Instant.is(text), printsBack(text), text);
      }),
      5_000,
    ));
});
