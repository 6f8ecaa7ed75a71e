/** What the API says of events that an operator withholds. */
import { MAX_REQUEST_ID } from '../request-values';
import { operation } from './rebuild-documentation';
import { integer, jsonResponse, objectOf, orNull, problemResponses, text } from './responses';

const skipSchema = objectOf({
  id: integer('The request.'),
  state: { enum: ['requested', 'done', 'failed'] },
  reason: orNull('string', 'Why nothing was withheld.'),
});

/** The routes of withheld events. */
export const relaySkipDocumentation = {
  skip: operation('relay-skip', 'Publishes a placeholder instead of an event that blocks its partition, for ever.', {
    202: jsonResponse('It is asked for.', skipSchema, { Location: text('Where it is shown.') }),
    ...problemResponses(
      'body-not-json',
      'invalid-body',
      'invalid-parameter',
      'forbidden',
      'event-not-blocked',
      'unsupported-media-type',
      'store-unavailable',
    ),
  }),
  shown: {
    ...operation('relay-skip-result', 'How a request to withhold an event stands.', {
      200: jsonResponse('The request.', skipSchema),
      ...problemResponses('invalid-parameter', 'unknown-relay-skip'),
    }),
    params: objectOf({ id: { type: 'integer', minimum: 1, maximum: MAX_REQUEST_ID, description: 'The request.' } }),
  },
} as const;
