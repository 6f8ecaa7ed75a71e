/** Events that an operator withholds. */
import * as t from 'io-ts';
import { field, orNull, record } from '../../../domain/kernel/codec';
import { Integer, oneOf, Text } from '../../../domain/kernel/values';
import { OperatorText } from '../request-values';
import { answer, endpoint } from '../endpoint';
import { location, RequestIdParameter } from './fields';

const SkipBody = record('relay-skip', {
  eventId: field(Text, 'The event that blocks its partition, as /ops/relay names it.'),
  reason: field(OperatorText, 'Why it is not published; it stands in the placeholder and in the audit.'),
});

const SkipAnswer = record('request to withhold an event', {
  id: field(Integer, 'The request.'),
  state: field(oneOf({ requested: null, done: null, failed: null }), 'How it stands.'),
  reason: field(orNull(t.string), 'Why nothing was withheld.'),
});

/** Asks for it. */
export const relaySkip = endpoint({
  access: 'operator',
  operationId: 'relay-skip',
  tag: 'operations',
  summary: 'Publishes a placeholder instead of an event that blocks its partition, for ever.',
  body: SkipBody,
  answers: { 202: answer('It is asked for.', SkipAnswer, location) },
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

/** Shows what came of it. */
export const relaySkipResult = endpoint({
  operationId: 'relay-skip-result',
  tag: 'operations',
  summary: 'How a request to withhold an event stands.',
  params: { id: field(RequestIdParameter, 'The request.') },
  answers: { 200: answer('The request.', SkipAnswer) },
  problems: ['invalid-parameter', 'unknown-relay-skip'],
});
