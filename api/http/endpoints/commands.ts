/** The endpoints of commands, derived from the aggregates. */
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
  version: field(Integer, "The event's version in the stream."),
  position: optionalField(Integer, "The event's position in the store; absent in a dry run."),
});

/** The result of a command. */
export const CommandAnswer = record('CommandAnswer', {
  stream: field(t.string, 'The stream that the command went to.'),
  version: field(Integer, "The stream's version after the command."),
  position: field(Integer, "The position of the stream's last event; 0 for a stream without events."),
  events: field(t.readonlyArray(AppendedEvent), 'The events that the command produced.'),
  dryRun: optionalField(t.boolean, 'True if nothing was appended because of `?dryRun=true`.'),
});

const answerHeaders = {
  ETag: field(t.string, "The stream's version in quotes."),
  'Consistency-Token': field(t.string, 'Send it with a query to read a view that includes these events: `order-o1@3`.'),
  'X-Correlation-Id': field(t.string, 'As sent, or a new one.'),
  'Idempotency-Replayed': field(
    t.string,
    '`true` if this response repeats an earlier one to the same Idempotency-Key.',
  ),
};

const Sendable = parameter({ type: 'string', pattern: SENDABLE_PATTERN });

const requestHeaders = {
  'Idempotency-Key': optionalField(
    Sendable,
    'A repeat with the same key and body gets the same response and changes nothing.',
  ),
  'If-Match': optionalField(
    parameter(tagListSchema),
    'The version that the stream must have, as its ETag: `"2"`; one of several; or `*` for any stream that has events.',
  ),
  'If-None-Match': optionalField(
    parameter({ type: 'string', enum: ['*'] }),
    '`*`: the stream must have no events yet.',
  ),
  'X-Correlation-Id': optionalField(
    Identifier,
    'Shared by everything that follows from one request; a new one by default.',
  ),
  'X-Causation-Id': optionalField(Sendable, 'What caused this command, for example the id of an event.'),
  traceparent: optionalField(t.string, 'W3C Trace Context; stored with the events.'),
};

const DryRun = constrained('flag', (value): value is boolean => typeof value === 'boolean', {
  type: 'boolean',
  default: false,
});

/** Declares the endpoint of one command of an aggregate. */
export const commandEndpoint = (aggregate: Aggregate, { type, meaning, codec, example }: AnyCommandDefinition) =>
  endpoint({
    operationId: `${aggregate.category}-${type}`,
    tag: aggregate.path,
    summary: meaning,
    params: {
      id: field(Identifier, `The id of the ${aggregate.category}; its stream is ${aggregate.category}-{id}.`),
    },
    query: { dryRun: optionalField(DryRun, 'Decide without appending.') },
    headers: requestHeaders,
    body: codec,
    bodyExample: example,
    answers: {
      200: answer('Nothing had to change, or it was a dry run.', CommandAnswer, answerHeaders),
      201: answer('The events are appended and durable.', CommandAnswer, answerHeaders),
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
      422: `The ${aggregate.category} rejects the command: \`rejection\` and the end of \`type\` name the reason. Or \`idempotency-key-reused\`: the key was used with another body.`,
    },
  });
