import * as E from 'fp-ts/Either';
import type * as t from 'io-ts';
import * as assert from 'uvu/assert';
import { field, optionalField, record } from '../../../domain/kernel/codec';
import { explain } from '../../../domain/kernel/explain';
import {
  Amount,
  Currency,
  Identifier,
  Instant,
  isBefore,
  latestOf,
  listOf,
  Quantity,
  Text,
} from '../../../domain/kernel/values';
import { spec } from '../../spec';

const Line = record('Line', { quantity: field(Quantity, 'How many.') });
const Order = record('Order', {
  id: field(Identifier, 'The order.'),
  note: optionalField(Text, 'A note.'),
  lines: field(listOf(Line), 'The lines.'),
});

const failuresOf = (value: unknown): unknown => {
  const decoded = Order.decode(value);
  return E.isLeft(decoded) ? explain(decoded.left) : [];
};

spec('documented records', ({ test }) => {
  test('decoding keeps what is declared and nothing else, at every level', () =>
    assert.equal(
      Order.decode({ id: 'o1', lines: [{ quantity: 1, extra: true }], extra: true }),
      E.right({ id: 'o1', lines: [{ quantity: 1 }] }),
    ));
  test('an optional field may be missing or undefined, not null', () => {
    assert.ok(Order.is({ id: 'o1', lines: [] }));
    assert.equal(Order.decode({ id: 'o1', lines: [], note: undefined }), E.right({ id: 'o1', lines: [] }));
    assert.not(Order.is({ id: 'o1', lines: [], note: null }));
  });
  test('all invalid paths are reported together, with the expected and the actual value', () =>
    assert.equal(failuresOf({ note: '', lines: [{ quantity: 1 }, { quantity: 0 }] }), [
      {
        path: '/id',
        message: 'is missing; expected identifier (1 to 128 of A-Z a-z 0-9 . _ : -, starting with a letter or digit)',
      },
      { path: '/note', message: 'must be text of 1 to 500 characters, not ""' },
      { path: '/lines/1/quantity', message: 'must be quantity (integer, 1 to 1000000), not 0' },
    ]));
  test('a long value is truncated in the message', () => {
    const [failure] = failuresOf({ id: ' '.repeat(1_000), lines: [] }) as ReadonlyArray<{ readonly message: string }>;
    assert.ok((failure?.message.length ?? 999) < 200, failure?.message);
  });
});

const takes = (codec: t.Mixed, good: ReadonlyArray<unknown>, bad: ReadonlyArray<unknown>): void => {
  for (const value of good) assert.ok(codec.is(value), `${codec.name} takes ${JSON.stringify(value)}`);
  for (const value of bad) assert.not(codec.is(value), `${codec.name} refuses ${JSON.stringify(value)}`);
};

spec('value types', ({ test }) => {
  test('identifiers are safe in a URL, a stream name and a Kafka key', () =>
    takes(
      Identifier,
      ['a', '0', 'a-b_c.d:e', 'x'.repeat(128)],
      ['', '-a', 'a b', 'a/b', 'a@1', 'é', 'a\n', 'x'.repeat(129), 7],
    ));
  test('texts have 1 to 500 characters', () => takes(Text, ['x', ' ', 'x'.repeat(500)], ['', 'x'.repeat(501), 7]));
  test('amounts are safe integers from 0', () =>
    takes(Amount, [0, 1, Number.MAX_SAFE_INTEGER], [-1, 0.5, Number.MAX_SAFE_INTEGER + 1, '1', Number.NaN, Infinity]));
  test('quantities go from 1 to a million', () => takes(Quantity, [1, 1_000_000], [0, 1_000_001, 1.5, '1']));
  test('currencies are three capitals', () => takes(Currency, ['BRL'], ['brl', 'BR', 'BRLX', 'BRL\n', 7]));
  test('instants exist in the calendar and are in UTC', () =>
    takes(
      Instant,
      ['2017-07-09T21:57:05Z', '2017-07-09T21:57:05.1Z', '2016-02-29T00:00:00.123Z'],
      [
        '2017-07-09',
        '2017-07-09T21:57:05',
        '2017-07-09T21:57:05+02:00',
        '2017-02-29T00:00:00Z',
        '2017-13-01T00:00:00Z',
        '2017-07-09T24:00:00Z',
        '2017-07-09T21:57:05.1234Z',
        0,
      ],
    ));
  test('instants are compared by time, not as texts', () => {
    assert.not(isBefore('2017-07-09T21:57:05Z', '2017-07-09T21:57:05.000Z'));
    assert.ok(isBefore('2017-07-09T21:57:05Z', '2017-07-09T21:57:05.1Z'));
    assert.is(
      latestOf('2017-07-09T21:57:05Z', '2017-07-09T21:57:05.1Z', '2017-07-01T00:00:00Z'),
      '2017-07-09T21:57:05.1Z',
    );
    assert.is(latestOf('2017-07-09T21:57:05Z', '2017-07-09T21:57:05.000Z'), '2017-07-09T21:57:05Z');
  });
});
