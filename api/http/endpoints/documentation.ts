/** What the API is: event schemas and the meaning of problems. */
import * as t from 'io-ts';
import { field, record } from '../../../domain/kernel/codec';
import { Integer } from '../../../domain/kernel/values';
import { answer, endpoint } from '../endpoint';
import { wholeListOf } from './fields';

const open = { access: 'open', tag: 'documentation' } as const;

/** The schema of an event. */
export const eventSchema = endpoint({
  ...open,
  operationId: 'event-schema',
  summary: 'The JSON Schema of an event, which `dataschema` of its CloudEvent names.',
  params: { type: field(t.string, 'The event type.'), version: field(t.string, 'The schema version.') },
  answers: { 200: { ...answer('The schema.', t.UnknownRecord), mediaType: 'application/schema+json' } },
  problems: ['unknown-schema'],
});

const ProblemKindAnswer = record('kind of problem', {
  type: field(t.string, 'As in an answer.'),
  title: field(t.string, 'As in an answer.'),
  status: field(Integer, 'The HTTP status.'),
  meaning: field(t.string, 'What it means and what to do.'),
});

/** A kind of problem as it is shown. */
export type ProblemKindAnswer = t.TypeOf<typeof ProblemKindAnswer>;

/** All kinds. */
export const problems = endpoint({
  ...open,
  operationId: 'problems',
  summary: 'Every problem that the API itself can answer with.',
  answers: { 200: answer('The problems.', wholeListOf(ProblemKindAnswer)) },
  problems: [],
});

/** One kind. */
export const problemKind = endpoint({
  ...open,
  operationId: 'problem',
  summary: 'What the `type` of a problem means.',
  params: { name: field(t.string, 'The end of the `type`.') },
  answers: { 200: answer('Its meaning.', ProblemKindAnswer) },
  problems: ['unknown-route'],
});
