/** Types of values in requests to this API; those of commands come from the domain. */
import { constrained } from '../../domain/kernel/codec';
import { EXACT_INSTANT_PATTERN, Instant, Text } from '../../domain/kernel/values';

/** Long enough for a view key with several columns of identifiers. */
export const MAX_PARAMETER_LENGTH = 1_024;

const COPY_NAME_PATTERN = '^[a-z0-9][a-z0-9-]{0,62}$';
const copyName = new RegExp(COPY_NAME_PATTERN);

/** The name of a point-in-time copy. */
export const CopyName = constrained(
  'name of a copy (1 to 63 of a-z 0-9 -, starting with a letter or digit)',
  (value): value is string => typeof value === 'string' && copyName.test(value),
  { type: 'string', pattern: COPY_NAME_PATTERN },
);

/** The pattern for query parameters. */
export const POINT_IN_TIME_PATTERN = `^(?:[0-9]{1,15}|${EXACT_INSTANT_PATTERN.slice(1, -1)})$`;

/** Whether a text is a position in the store. */
export const isPosition = (text: string): boolean => /^[0-9]{1,15}$/.test(text);

/** A point in time in the store's history. */
export const PointInTimeText = constrained(
  `position or ${Instant.name}`,
  (value): value is string => typeof value === 'string' && (isPosition(value) || Instant.is(value)),
  { type: 'string', pattern: POINT_IN_TIME_PATTERN },
);

const textUpTo = (max: number, name: string) =>
  constrained(
    `${name} (1 to ${max} characters)`,
    (value): value is string =>
      typeof value === 'string' && value !== '' && Array.from(value.slice(0, 2 * max + 1)).length <= max,
    { type: 'string', minLength: 1, maxLength: max },
  );

/** A visible character: neither space nor control. Spelled out because `\\S` differs between regex engines. */
const VISIBLE_PATTERN =
  '[^\\u0000-\\u0020\\u007f-\\u00a0\\u00ad\\u1680\\u180e\\u2000-\\u200f\\u2028-\\u202f\\u205f-\\u2064\\u3000\\ufeff]';
const visible = new RegExp(VISIBLE_PATTERN);

/** A text from an operator for the audit: 1 to 500 characters, not all blank. */
export const OperatorText = constrained(
  `${Text.name}, not all of them blank`,
  (value): value is string => Text.is(value) && visible.test(value),
  { ...Text.schema, pattern: VISIBLE_PATTERN },
);

const integerUpTo = (max: number, name: string) =>
  constrained(
    `${name} (integer, 0 to ${max})`,
    (value): value is number => Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= max,
    { type: 'integer', minimum: 0, maximum: max },
  );

/** The key of a row, as in a URL. */
export const RowKey = textUpTo(MAX_PARAMETER_LENGTH, 'key of a row');
export const TopicName = textUpTo(249, 'name of a topic');
export const LogId = textUpTo(500, 'identity of a log');
export const ProjectionName = textUpTo(249, 'name of a projection');

const MAX_INT_32 = 2_147_483_647;

export const Partition = integerUpTo(MAX_INT_32, 'partition');
export const Offset = integerUpTo(Number.MAX_SAFE_INTEGER, 'offset');

/** Upper limit on request ids in URLs. */
export const MAX_REQUEST_ID = 999_999_999_999_999;
