/** The value types that events and commands are made of. Money is an integer in minor units beside a currency. */
import * as t from 'io-ts';
import { constrained, list, type ListType } from './codec';
import { daysOf } from './time-text';

/** Of {@link Identifier}. */
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

/** Counted as JSON Schema counts: a character beyond U+FFFF is one, though JavaScript holds it as two. */
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

/** What {@link Instant} takes, said in full: the calendar's days, leap years, and times of day. */
const CALENDAR_DAY =
  '[0-9]{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|1[0-9]|2[0-8]))';
const LEAP_DAY = '(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)-02-29';
const TIME_OF_DAY = '(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\\.[0-9]{1,3})?';
export const EXACT_INSTANT_PATTERN = `^(?:${CALENDAR_DAY}|${LEAP_DAY})T${TIME_OF_DAY}Z$`;

const INSTANT_PATTERN = '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(\\.\\d{1,3})?Z$';
const instantExpression = new RegExp(INSTANT_PATTERN);

/** A moment of business time in UTC, ISO 8601 with a `Z`, such as `2017-07-09T21:57:05Z`. */
export const Instant = constrained(
  'instant (ISO 8601 in UTC, such as 2017-07-09T21:57:05Z)',
  (value): value is string => typeof value === 'string' && instantExpression.test(value) && isCalendarInstant(value),
  { type: 'string', format: 'date-time', pattern: INSTANT_PATTERN },
  { type: 'string', format: 'date-time', pattern: EXACT_INSTANT_PATTERN },
);

/** Whether there is such a moment, of a text in the right form: `Date.parse` would roll 30 February over into March. */
const isCalendarInstant = (value: string): boolean => {
  const year = twoDigitsAt(value, 0) * 100 + twoDigitsAt(value, 2);
  const month = twoDigitsAt(value, 5);
  const day = twoDigitsAt(value, 8);
  const isDay = day >= 1 && day <= daysOf(year, month);
  return isDay && twoDigitsAt(value, 11) < 24 && twoDigitsAt(value, 14) < 60 && twoDigitsAt(value, 17) < 60;
};

/** Every event that is read has instants in it: without parts of the text being cut out this takes a tenth of the time. */
const twoDigitsAt = (text: string, index: number): number =>
  (text.charCodeAt(index) - ZERO) * 10 + text.charCodeAt(index + 1) - ZERO;

const ZERO = '0'.charCodeAt(0);

/** Whether one instant lies before another; both in the format of {@link Instant}, with or without milliseconds. */
export const isBefore = (left: string, right: string): boolean => Date.parse(left) < Date.parse(right);

/** The latest of several instants; where two name the same moment, the first as it was written. */
export const latestOf = (first: string, ...others: ReadonlyArray<string>): string =>
  others.reduce((latest, each) => (isBefore(latest, each) ? each : latest), first);

/** The most that a list in a request holds, where it names no limit of its own. */
export const MAX_LIST_ITEMS = 5_000;

/** A list of a documented element; requests may hold at most `maxItems` of them, and hold at least `minItems`. */
export const listOf = <C extends t.Mixed>(element: C, maxItems: number = MAX_LIST_ITEMS, minItems = 0): ListType<C> =>
  list(element, maxItems, minItems);

/** One of a few words. */
export const oneOf = <Words extends Readonly<Record<string, null>>>(words: Words): t.KeyofC<Words> => t.keyof(words);

/** One of the words of a list. */
export const wordOf = <Word extends string>(words: ReadonlyArray<Word>): t.KeyofC<Record<Word, null>> =>
  // Every word of the list becomes a name, which the compiler cannot see.
  t.keyof(Object.fromEntries(words.map((word) => [word, null])) as Record<Word, null>);

/** Any integer that a number holds exactly. */
export const Integer = constrained('integer', (value): value is number => Number.isSafeInteger(value), {
  type: 'integer',
});
