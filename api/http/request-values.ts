/** Values that only requests to this API hold; commands have theirs from the domain. */
import { constrained } from '../../domain/kernel/codec';
import { EXACT_INSTANT_PATTERN, Instant, Text } from '../../domain/kernel/values';

/** Long enough for the key of a view of several columns, each an identifier. */
export const MAX_PARAMETER_LENGTH = 1_024;

const COPY_NAME_PATTERN = '^[a-z0-9][a-z0-9-]{0,62}$';
const copyName = new RegExp(COPY_NAME_PATTERN);

/** The name of a scratch copy. */
export const CopyName = constrained(
  'name of a copy (1 to 63 of a-z 0-9 -, starting with a letter or digit)',
  (value): value is string => typeof value === 'string' && copyName.test(value),
  { type: 'string', pattern: COPY_NAME_PATTERN },
);

/** The same rule for a query's parameter. */
export const MOMENT_PATTERN = `^(?:[0-9]{1,15}|${EXACT_INSTANT_PATTERN.slice(1, -1)})$`;

/** A position in the store. */
export const isPosition = (text: string): boolean => /^[0-9]{1,15}$/.test(text);

/** A moment in the store's history. */
export const MomentText = constrained(
  `position or ${Instant.name}`,
  (value): value is string => typeof value === 'string' && (isPosition(value) || Instant.is(value)),
  { type: 'string', pattern: MOMENT_PATTERN },
);

const textUpTo = (most: number, name: string) =>
  constrained(
    `${name} (1 to ${most} characters)`,
    (value): value is string =>
      typeof value === 'string' && value !== '' && Array.from(value.slice(0, 2 * most + 1)).length <= most,
    { type: 'string', minLength: 1, maxLength: most },
  );

/** What can be seen: no space of any kind, and no control character. Said in full, for not every reader's `\\S` is the same. */
const VISIBLE_PATTERN =
  '[^\\u0000-\\u0020\\u007f-\\u00a0\\u00ad\\u1680\\u180e\\u2000-\\u200f\\u2028-\\u202f\\u205f-\\u2064\\u3000\\ufeff]';
const visible = new RegExp(VISIBLE_PATTERN);

/** What an operator says for the audit: a text of 1 to 500 characters, of which one at least can be seen. */
export const OperatorText = constrained(
  `${Text.name}, not all of them blank`,
  (value): value is string => Text.is(value) && visible.test(value),
  { ...Text.schema, pattern: VISIBLE_PATTERN },
);

const integerUpTo = (most: number, name: string) =>
  constrained(
    `${name} (integer, 0 to ${most})`,
    (value): value is number => Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= most,
    { type: 'integer', minimum: 0, maximum: most },
  );

/** The key of a row, as it stands in an address. */
export const RowKey = textUpTo(MAX_PARAMETER_LENGTH, 'key of a row');
export const TopicName = textUpTo(249, 'name of a topic');
export const LogId = textUpTo(500, 'identity of a log');
export const ProjectionName = textUpTo(249, 'name of a projection');

const MAX_INT_32 = 2_147_483_647;

export const Partition = integerUpTo(MAX_INT_32, 'partition');
export const Offset = integerUpTo(Number.MAX_SAFE_INTEGER, 'offset');

/** Upper limit on the numbers that requests are known by in an address. */
export const MAX_REQUEST_ID = 999_999_999_999_999;
