/** The endpoint of a stream: its events, and the state that they fold to. */
import * as t from 'io-ts';
import { constrained, field, optionalField, record } from '../../../domain/kernel/codec';
import { Integer, IDENTIFIER_PATTERN } from '../../../domain/kernel/values';
import { answer, endpoint } from '../endpoint';
import { tagListSchema } from '../entity-tags';
import { POINT_IN_TIME_PATTERN } from '../request-values';
import { pageOf, paging, parameter } from './fields';

const RecordedTime = constrained('moment', (value): value is string => typeof value === 'string', {
  type: 'string',
  format: 'date-time',
});

/** An event in responses. */
export const EventResponse = record('event', {
  id: field(t.string, '`<stream>@<version>`.'),
  stream: field(t.string, 'The stream.'),
  version: field(Integer, 'The version in the stream, from 1.'),
  position: field(Integer, 'The position in the store.'),
  type: field(t.string, 'The event type.'),
  schemaVersion: field(Integer, "The version of the payload's schema, see /schemas/{type}/{version}."),
  recordedAt: field(RecordedTime, 'When the store recorded it.'),
  correlationId: field(t.string, 'Shared by everything that follows from one request.'),
  causationId: field(t.string, 'The event or request that caused it.'),
  actor: field(t.string, 'The name of the API key, or `anonymous`.'),
  traceparent: optionalField(t.string, 'The trace context of the request, if it had one.'),
  data: field(t.unknown, 'The payload as it was recorded.'),
});

/** An event as the API returns it. */
export type EventResponse = t.TypeOf<typeof EventResponse>;

const StateResponse = record('state', {
  stream: field(t.string, 'The stream.'),
  asOf: field(t.string, 'As requested.'),
  version: field(Integer, 'The version of the last event up to then; 0 if there was none.'),
  position: field(Integer, 'The position of that event; 0 if there was none.'),
  state: field(t.unknown, "The aggregate's state at that point in time."),
});

/** Shows a stream, or its state. */
export const stream = endpoint({
  operationId: 'stream',
  tag: 'streams',
  summary: 'The events of one stream; with `asOf`, the state that they fold to at that point in time.',
  params: {
    stream: field(
      parameter({ type: 'string', pattern: `^[A-Za-z0-9]{1,100}-${IDENTIFIER_PATTERN.slice(1)}` }),
      '`<category>-<id>`, such as `order-o1`.',
    ),
  },
  headers: {
    'If-None-Match': optionalField(
      parameter(tagListSchema),
      'The ETag of an earlier response: 304 without a body if nothing has changed.',
    ),
  },
  query: {
    ...paging,
    asOf: optionalField(
      parameter({ type: 'string', pattern: POINT_IN_TIME_PATTERN }),
      'A position, or a time of recording with its zone (ISO 8601); excludes the others.',
    ),
  },
  answers: {
    200: answer(
      'A page of events in the order of versions; or, with `asOf`, the state.',
      t.union([pageOf(EventResponse), StateResponse]),
      {
        ETag: field(
          t.string,
          'On the last page: the version of the stream, in the form that `If-Match` of a command accepts.',
        ),
      },
    ),
    304: answer('The stream still has the version that `If-None-Match` names.', t.undefined),
  },
  problems: [
    'invalid-parameter',
    'unknown-stream',
    'unknown-cursor',
    'parameters-conflict',
    'unreadable-stream',
    'overloaded',
    'store-unavailable',
  ],
});
