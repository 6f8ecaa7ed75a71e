/** Fields and parameters that several endpoints share. */
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

/** A path parameter or header: a text that the handler checks, documented by `schema`. */
export const parameter = (schema: JsonSchema): ConstrainedType<string> =>
  constrained('text', (value): value is string => typeof value === 'string', schema);

/** The page size. */
export const limit = optionalField(
  parameter({ type: 'integer', minimum: 1, maximum: MAX_LIMIT, default: DEFAULT_LIMIT }),
  'Upper limit on the items of a page.',
);

/** The query parameters of every list with pages. */
export const paging = {
  limit,
  cursor: optionalField(t.string, 'The `nextCursor` of the previous page.'),
};

/** The number of an operator request in a path. */
export const RequestIdParameter = parameter({ type: 'integer', minimum: 1, maximum: MAX_REQUEST_ID });

const MAX_NAME_LENGTH = 100;

/** The name of a projection or a group in a path. */
export const NameParameter = parameter({ type: 'string', minLength: 1, maxLength: MAX_NAME_LENGTH });

/** A text in a path; a longer one is rejected. */
export const PathParameter = parameter({ type: 'string', minLength: 1, maxLength: MAX_PARAMETER_LENGTH });

/** The codec of a page of a list. */
export const pageOf = <C extends t.Mixed>(item: C) =>
  record('page', {
    items: field(t.readonlyArray(item), 'The items of this page.'),
    nextCursor: optionalField(t.string, 'Pass it as `cursor` to get the next page; absent on the last page.'),
  });

/** The codec of a list without pages. */
export const wholeListOf = <C extends t.Mixed>(item: C) =>
  record('list', { items: field(t.readonlyArray(item), 'All items.') });

/** The header that names the URL of an accepted request. */
export const location = { Location: field(t.string, 'The URL of the resource.') };

/** The problems of every operator request with a body. */
export const requestProblems = [...withBody, 'invalid-parameter', 'forbidden', 'store-unavailable'] as const;

/** One action on a dead letter, or on a command that was set aside. */
export const AuditEntryResponse = record('audit entry', {
  action: field(t.string, 'The action.'),
  actor: field(t.string, 'Who did it.'),
  detail: field(t.string, 'The owner, note or reason that was given.'),
  requestId: field(orNull(Integer), 'The operator request; null if the engine acted by itself.'),
  at: field(t.string, 'ISO 8601, UTC.'),
});
