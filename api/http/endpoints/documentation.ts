/** The endpoints of event schemas and of the meaning of problems. */
import * as t from 'io-ts';
import { field, record } from '../../../domain/kernel/codec';
import { Integer } from '../../../domain/kernel/values';
import { answer, endpoint } from '../endpoint';
import { wholeListOf } from './fields';

const open = { access: 'open', tag: 'documentation' } as const;

/** Returns the schema of an event. */
export const eventSchema = endpoint({
  ...open,
  operationId: 'event-schema',
  summary: 'The JSON Schema of an event, which its CloudEvent names in `dataschema`.',
  params: { type: field(t.string, 'The event type.'), version: field(t.string, 'The schema version.') },
  answers: { 200: { ...answer('The schema.', t.UnknownRecord), mediaType: 'application/schema+json' } },
  problems: ['unknown-schema'],
});

const ProblemKindResponse = record('kind of problem', {
  type: field(t.string, 'As in a problem.'),
  title: field(t.string, 'As in a problem.'),
  status: field(Integer, 'The HTTP status.'),
  meaning: field(t.string, 'What it means and what to do.'),
});

/** A kind of problem as the API returns it. */
export type ProblemKindResponse = t.TypeOf<typeof ProblemKindResponse>;

/** Lists all kinds of problems. */
export const problems = endpoint({
  ...open,
  operationId: 'problems',
  summary: 'Every kind of problem that the API itself can return.',
  answers: { 200: answer('The problems.', wholeListOf(ProblemKindResponse)) },
  problems: [],
});

/** Explains one kind of problem. */
export const problemKind = endpoint({
  ...open,
  operationId: 'problem',
  summary: 'What the `type` of a problem means.',
  params: { name: field(t.string, 'The last part of the `type`.') },
  answers: { 200: answer('Its meaning.', ProblemKindResponse) },
  problems: ['unknown-route'],
});
