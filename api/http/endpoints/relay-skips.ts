/** The endpoints for withholding an event from Kafka. */
import * as t from 'io-ts';
import { field, orNull, record } from '../../../domain/kernel/codec';
import { Integer, oneOf, Text } from '../../../domain/kernel/values';
import { OperatorText } from '../request-values';
import { answer, endpoint } from '../endpoint';
import { location, RequestIdParameter } from './fields';

const SkipBody = record('relay-skip', {
  eventId: field(Text, 'The event that blocks its partition, as /ops/relay names it.'),
  reason: field(OperatorText, 'Why it is not published; recorded in the placeholder and in the audit.'),
});

const SkipResponse = record('request to withhold an event', {
  id: field(Integer, 'The request.'),
  state: field(oneOf({ requested: null, done: null, failed: null }), 'Its state.'),
  reason: field(orNull(t.string), 'Why nothing was withheld.'),
});

/** Requests it. */
export const relaySkip = endpoint({
  access: 'operator',
  operationId: 'relay-skip',
  tag: 'operations',
  summary: 'Permanently publishes a placeholder instead of an event that blocks its partition.',
  body: SkipBody,
  answers: { 202: answer('Accepted.', SkipResponse, location) },
  problems: [
    'body-not-json',
    'invalid-body',
    'invalid-parameter',
    'forbidden',
    'event-not-blocked',
    'unsupported-media-type',
    'store-unavailable',
  ],
});

/** Shows the result. */
export const relaySkipResult = endpoint({
  operationId: 'relay-skip-result',
  tag: 'operations',
  summary: 'The state of a request to withhold an event.',
  params: { id: field(RequestIdParameter, 'The request.') },
  answers: { 200: answer('The request.', SkipResponse) },
  problems: ['invalid-parameter', 'unknown-relay-skip'],
});
