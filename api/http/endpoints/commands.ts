/** Commands, in the aggregate's own words. */
import * as t from 'io-ts';
import type { Aggregate } from '../../../domain/kernel/aggregate';
import { constrained, field, optionalField, record } from '../../../domain/kernel/codec';
import type { AnyCommandDefinition } from '../../../domain/kernel/command-definition';
import { Identifier, Integer } from '../../../domain/kernel/values';
import { SENDABLE_PATTERN } from '../command-headers';
import { answer, endpoint } from '../endpoint';
import { tagListSchema } from '../entity-tags';
import { withBody } from '../problem-kinds';
import { parameter } from './fields';

const AppendedEvent = record('appended event', {
  id: field(t.string, '`<stream>@<version>`.'),
  type: field(t.string, 'The event type.'),
  schemaVersion: field(Integer, "The version of the payload's schema."),
  version: field(Integer, 'The place in the stream.'),
  position: optionalField(Integer, 'The place in the whole store; absent in a dry run.'),
});

/** What came of a command. */
export const CommandAnswer = record('CommandAnswer', {
  stream: field(t.string, 'The stream that the command went to.'),
  version: field(Integer, "The stream's version after the command."),
  position: field(Integer, "The position of the stream's last event; 0 for a stream without events."),
  events: field(t.readonlyArray(AppendedEvent), 'The events that the command led to.'),
  dryRun: optionalField(t.boolean, 'True where nothing was appended because of `?dryRun=true`.'),
});

const answerHeaders = {
  ETag: field(t.string, "The stream's version in quotes."),
  'Consistency-Token': field(t.string, 'Send it with a query to see at least this: `order-o1@3`.'),
  'X-Correlation-Id': field(t.string, 'As sent, or new.'),
  'Idempotency-Replayed': field(t.string, '`true` where the answer was given before, to the same Idempotency-Key.'),
};

const Sendable = parameter({ type: 'string', pattern: SENDABLE_PATTERN });

const requestHeaders = {
  'Idempotency-Key': optionalField(Sendable, 'The same key and body again get the same answer, and change nothing.'),
  'If-Match': optionalField(
    parameter(tagListSchema),
    'The version that the stream must have, as its ETag: `"2"`; one of several; or `*` for any but an empty stream.',
  ),
  'If-None-Match': optionalField(
    parameter({ type: 'string', enum: ['*'] }),
    '`*`: the stream must have no events yet.',
  ),
  'X-Correlation-Id': optionalField(
    Identifier,
    'The same for everything that follows from one request; new where left out.',
  ),
  'X-Causation-Id': optionalField(Sendable, 'What caused this command, for example the id of an event.'),
  traceparent: optionalField(t.string, 'W3C Trace Context; travels with the events.'),
};

const DryRun = constrained('flag', (value): value is boolean => typeof value === 'boolean', {
  type: 'boolean',
  default: false,
});

/** One command of an aggregate. */
export const commandEndpoint = (aggregate: Aggregate, { type, meaning, codec, example }: AnyCommandDefinition) =>
  endpoint({
    operationId: `${aggregate.category}-${type}`,
    tag: aggregate.path,
    summary: meaning,
    params: {
      id: field(Identifier, `The id of the ${aggregate.category}; its stream is ${aggregate.category}-{id}.`),
    },
    query: { dryRun: optionalField(DryRun, 'Decide, and append nothing.') },
    headers: requestHeaders,
    body: codec,
    bodyExample: example,
    answers: {
      200: answer('Nothing had to change; or a dry run.', CommandAnswer, answerHeaders),
      201: answer('Events are appended, and durable.', CommandAnswer, answerHeaders),
    },
    problems: [
      ...withBody,
      'invalid-parameter',
      'forbidden',
      'concurrent-change',
      'request-in-progress',
      'version-mismatch',
      'event-too-large',
      'idempotency-key-reused',
      'unreadable-stream',
      'store-behind',
      'store-unavailable',
    ],
    rejections: {
      422: `The ${aggregate.category} rejects the command: \`rejection\` and the end of \`type\` name the reason. Or \`idempotency-key-reused\`: the key came with another body.`,
    },
  });
