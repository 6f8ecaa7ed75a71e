/** Fields and parameters that several endpoints have. */
import * as t from 'io-ts';
import {
  constrained,
  field,
  optionalField,
  orNull,
  record,
  type ConstrainedType,
  type JsonSchema,
} from '../../../domain/kernel/codec';
import { Integer } from '../../../domain/kernel/values';
import { withBody } from '../problem-kinds';
import { MAX_PARAMETER_LENGTH, MAX_REQUEST_ID } from '../request-values';
import { DEFAULT_LIMIT, MAX_LIMIT } from '../query-parameters';

/** A part of an address or a header: a text that code checks, documented by `schema`. */
export const parameter = (schema: JsonSchema): ConstrainedType<string> =>
  constrained('text', (value): value is string => typeof value === 'string', schema);

/** How many items a page has. */
export const limit = optionalField(
  parameter({ type: 'integer', minimum: 1, maximum: MAX_LIMIT, default: DEFAULT_LIMIT }),
  'How many items at most.',
);

/** The query parameters of every list with pages. */
export const paging = {
  limit,
  cursor: optionalField(t.string, 'The `nextCursor` of the page before; 404 for any other text.'),
};

/** A number that a request is known by, in an address. */
export const RequestIdParameter = parameter({ type: 'integer', minimum: 1, maximum: MAX_REQUEST_ID });

const MAX_NAME_LENGTH = 100;

/** The name of a projection or a group, in an address. */
export const NameParameter = parameter({ type: 'string', minLength: 1, maxLength: MAX_NAME_LENGTH });

/** What stands in an address; a longer one is not looked at. */
export const PathParameter = parameter({ type: 'string', minLength: 1, maxLength: MAX_PARAMETER_LENGTH });

/** A page of a list. */
export const pageOf = <C extends t.Mixed>(item: C) =>
  record('page', {
    items: field(t.readonlyArray(item), 'The items of this page.'),
    nextCursor: optionalField(t.string, 'Give it as `cursor` for the next page; absent at the end.'),
  });

/** A list that is answered whole. */
export const wholeListOf = <C extends t.Mixed>(item: C) =>
  record('list', { items: field(t.readonlyArray(item), 'All of them.') });

/** Where a request is shown that was taken. */
export const location = { Location: field(t.string, 'Where it is shown.') };

/** The problems of every request that an operator makes with a body. */
export const requestProblems = [...withBody, 'invalid-parameter', 'forbidden', 'store-unavailable'] as const;

/** What was done about a dead letter, or about what was set aside. */
export const AuditEntryAnswer = record('audit entry', {
  action: field(t.string, 'What was done.'),
  actor: field(t.string, 'By whom.'),
  detail: field(t.string, 'With which words.'),
  requestId: field(orNull(Integer), 'On which request; null where the engine did it by itself.'),
  at: field(t.string, 'ISO 8601, UTC.'),
});
