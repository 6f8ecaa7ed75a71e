/** A time states its zone and exists in the calendar, whatever the machine's own zone is. */
import * as assert from 'uvu/assert';
import { isCalendarDay, parsePointInTime, timeMsOf } from '../../../domain/kernel/time-text';
import { spec } from '../../spec';

spec('a time as a text', ({ test }) => {
  test('means the same everywhere, because it states its zone', () => {
    const noonMs = Date.UTC(2026, 10, 24, 12);
    for (const text of [
      '2026-11-24T12:00:00Z',
      '2026-11-24T12:00Z',
      '2026-11-24T12:00:00.000Z',
      '2026-11-24T13:00:00+01:00',
      '2026-11-24T07:30:00-04:30',
    ])
      assert.is(timeMsOf(text), noonMs, text);
    assert.is(timeMsOf('2026-11-24T12:00:00.123456789Z'), noonMs + 123);
    assert.is(timeMsOf('2024-02-29T00:00:00Z'), Date.UTC(2024, 1, 29));
  });

  for (const text of [
    ...[
      '2026-11-24T12:00:00',
      '2026-11-24',
      '2026-11-24 12:00:00Z',
      '2026-11-24 12:00',
      '24 Nov 2026',
      'yesterday',
      '',
    ],
    ...['2026-02-30T12:00:00Z', '2023-02-29T12:00:00Z', '2026-13-01T12:00:00Z', '2026-00-10T12:00:00Z'],
    ...['2026-11-24T24:00:00Z', '2026-11-24T12:60:00Z', '2026-11-24T12:00:60Z', '2026-11-24T12:00:00+25:00'],
    ...[
      '2026-11-24T12:00:00+0100',
      '2026-11-24T12:00:00 01:00',
      '1764000000',
      'Tue, 24 Nov 2026 12:00:00 GMT',
      ' 2026-11-24T12:00:00Z',
    ],
  ])
    test(`is not '${text}'`, () => assert.is(timeMsOf(text), undefined));

  test('or a position is a point in time', () => {
    assert.equal(parsePointInTime('17'), { position: 17 });
    assert.equal(parsePointInTime('1970-01-01T00:00:01Z'), { timeMs: 1_000 });
    for (const text of ['-1', '1.5', '0x10', '1e3', '2026-11-24T12:00:00'])
      assert.is(parsePointInTime(text), undefined, text);
  });

  test('of a day is in the calendar', () => {
    assert.ok(isCalendarDay('2024-02-29'));
    for (const day of ['2023-02-29', '2026-04-31', '2026-4-1', '2026-11-24T00:00:00Z', ''])
      assert.not(isCalendarDay(day), day);
  });
});
