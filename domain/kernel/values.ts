/** The value types that events and commands are made of. Money is an integer in minor units, with its currency in another field. */
import * as t from 'io-ts';
import { constrained, list, type ListType } from './codec';
import { daysOf } from './time-text';

/** The pattern of {@link Identifier}. */
export const IDENTIFIER_PATTERN = '^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$';
const identifierExpression = new RegExp(IDENTIFIER_PATTERN);

/** An identifier that is safe in a URL, a stream name and a Kafka key: letters, digits and `._:-`, at most 128. */
export const Identifier = constrained(
  'identifier (1 to 128 of A-Z a-z 0-9 . _ : -, starting with a letter or digit)',
  (value): value is string => typeof value === 'string' && identifierExpression.test(value),
  { type: 'string', pattern: IDENTIFIER_PATTERN },
);

const MAX_TEXT_CHARACTERS = 500;

/** A text for people: 1 to 500 characters. */
export const Text = constrained(
  'text of 1 to 500 characters',
  (value): value is string => typeof value === 'string' && value !== '' && hasAtMost(MAX_TEXT_CHARACTERS, value),
  { type: 'string', minLength: 1, maxLength: MAX_TEXT_CHARACTERS },
);

/** Counts as JSON Schema does: a character beyond U+FFFF is one, though its `length` in JavaScript is two. */
const hasAtMost = (characters: number, text: string): boolean =>
  text.length <= characters || (text.length <= 2 * characters && Array.from(text).length <= characters);

/** An amount of money in minor units (cents), zero or more, a safe integer. */
export const Amount = constrained(
  'amount in minor units (integer, 0 or more)',
  (value): value is number => Number.isSafeInteger(value) && (value as number) >= 0,
  { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER },
);

/** The largest {@link Quantity}. */
export const MAX_QUANTITY = 1_000_000;

/** A number of pieces, at least one and at most a million. */
export const Quantity = constrained(
  'quantity (integer, 1 to 1000000)',
  (value): value is number =>
    Number.isSafeInteger(value) && (value as number) >= 1 && (value as number) <= MAX_QUANTITY,
  { type: 'integer', minimum: 1, maximum: MAX_QUANTITY },
);

const CURRENCY_PATTERN = '^[A-Z]{3}$';
const currencyExpression = new RegExp(CURRENCY_PATTERN);

/** An ISO 4217 currency code. */
export const Currency = constrained(
  'currency (three capital letters, ISO 4217)',
  (value): value is string => typeof value === 'string' && currencyExpression.test(value),
  { type: 'string', pattern: CURRENCY_PATTERN },
);

/** Exactly what {@link Instant} accepts: days of the calendar, leap years included, and times of day. */
const CALENDAR_DAY =
  '[0-9]{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|1[0-9]|2[0-8]))';
const LEAP_DAY = '(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)-02-29';
const TIME_OF_DAY = '(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\\.[0-9]{1,3})?';
export const EXACT_INSTANT_PATTERN = `^(?:${CALENDAR_DAY}|${LEAP_DAY})T${TIME_OF_DAY}Z$`;

const INSTANT_PATTERN = '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(\\.\\d{1,3})?Z$';
const instantExpression = new RegExp(INSTANT_PATTERN);

/** A point in business time in UTC, ISO 8601 with a `Z`, such as `2017-07-09T21:57:05Z`. */
export const Instant = constrained(
  'instant (ISO 8601 in UTC, such as 2017-07-09T21:57:05Z)',
  (value): value is string => typeof value === 'string' && instantExpression.test(value) && isCalendarInstant(value),
  { type: 'string', format: 'date-time', pattern: INSTANT_PATTERN },
  { type: 'string', format: 'date-time', pattern: EXACT_INSTANT_PATTERN },
);

/** Whether a well-formed instant exists in the calendar: `Date.parse` would turn 30 February into a day of March. */
const isCalendarInstant = (value: string): boolean => {
  const year = twoDigitsAt(value, 0) * 100 + twoDigitsAt(value, 2);
  const month = twoDigitsAt(value, 5);
  const day = twoDigitsAt(value, 8);
  const isDay = day >= 1 && day <= daysOf(year, month);
  return isDay && twoDigitsAt(value, 11) < 24 && twoDigitsAt(value, 14) < 60 && twoDigitsAt(value, 17) < 60;
};

/** Every event that is read contains instants: without substrings the check takes a tenth of the time. */
const twoDigitsAt = (text: string, index: number): number =>
  (text.charCodeAt(index) - ZERO) * 10 + text.charCodeAt(index + 1) - ZERO;

const ZERO = '0'.charCodeAt(0);

/**
 * Whether one instant is before another; both in the format of {@link Instant}, with or without milliseconds.
 *
 * @example
 * ```ts
 * isBefore('2026-01-01T12:00:00Z', '2026-01-01T12:00:00.001Z'); // true
 * ```
 */
export const isBefore = (left: string, right: string): boolean => Date.parse(left) < Date.parse(right);

/**
 * The latest of several instants; where two are equal, the first of them as it was written.
 *
 * @example
 * ```ts
 * latestOf(lentAt, renewedAt)
 * ```
 */
export const latestOf = (first: string, ...others: ReadonlyArray<string>): string =>
  others.reduce((latest, each) => (isBefore(latest, each) ? each : latest), first);

/** Default upper limit on the elements of a list in a request. */
export const MAX_LIST_ITEMS = 5_000;

/**
 * A list of a documented element; in a request it has `minItems` to `maxItems` elements.
 *
 * @example
 * ```ts
 * const authors = field(listOf(Text, 50, 1), 'Who wrote it: one to fifty names.');
 * ```
 */
export const listOf = <C extends t.Mixed>(element: C, maxItems: number = MAX_LIST_ITEMS, minItems = 0): ListType<C> =>
  list(element, maxItems, minItems);

/**
 * One of several fixed words.
 *
 * @example
 * ```ts
 * const desk = field(oneOf({ counter: null, machine: null }), 'Where it was lent.');
 * ```
 */
export const oneOf = <Words extends Readonly<Record<string, null>>>(words: Words): t.KeyofC<Words> => t.keyof(words);

/**
 * One of the words of a list.
 *
 * @example
 * ```ts
 * const desk = field(wordOf(['counter', 'machine']), 'Where it was lent.');
 * ```
 */
export const wordOf = <Word extends string>(words: ReadonlyArray<Word>): t.KeyofC<Record<Word, null>> =>
  // Every word of the list becomes a key, which the compiler cannot see.
  t.keyof(Object.fromEntries(words.map((word) => [word, null])) as Record<Word, null>);

/** Any integer that a number holds exactly. */
export const Integer = constrained('integer', (value): value is number => Number.isSafeInteger(value), {
  type: 'integer',
});
