/** What the API says of explanations. */
import { operation } from './rebuild-documentation';
import { integer, jsonResponse, objectOf, orNull, nameText, pathText, problemResponses, text } from './responses';

const eventFields = {
  id: text('The event.'),
  position: integer('Where it stands in the store.'),
  type: text('What happened.'),
  recordedAt: text('When it was recorded.'),
  actor: text('Who did it.'),
  correlationId: text('The same for all that follows from one request.'),
  causationId: text('The event or request that caused it.'),
};

const explanationSchema = objectOf({
  projection: text('The projection.'),
  key: text('The key of the row.'),
  row: orNull('object', 'The row in service.'),
  rowFromEvents: orNull('object', 'The row as the events make it that the group has seen.'),
  agrees: { type: 'boolean', description: 'Whether the two are the same.' },
  eventCount: integer('How many events made the row.'),
  history: {
    type: 'array',
    description: 'The last of them, oldest first, and what each changed.',
    items: objectOf({ ...eventFields, changes: { type: 'object' } }),
  },
  chains: {
    type: 'array',
    description: 'What happened with them, across streams, by correlation.',
    items: objectOf({
      correlationId: text('What they have in common.'),
      events: { type: 'array', items: objectOf({ ...eventFields, madeRow: { type: 'boolean' } }) },
    }),
  },
  deliveries: objectOf({
    duplicates: orNull('integer', 'Deliveries that the whole group has dropped as duplicates since it started.'),
    parked: {
      type: 'array',
      description: 'Records under the keys of these events that were kept aside.',
      items: objectOf({
        topic: text('The topic.'),
        partition: integer('The partition.'),
        offset: integer('The offset.'),
        reason: text('Why.'),
      }),
    },
  }),
});

/** `GET /ops/explain/{projection}/{key}`. */
export const explainDocumentation = {
  ...operation('explain', 'Which events made a row, what each changed, and what else came of the same requests.', {
    200: jsonResponse('The explanation.', explanationSchema),
    ...problemResponses('invalid-parameter', 'forbidden', 'unknown-projection', 'unknown-row', 'overloaded'),
  }),
  params: objectOf({
    projection: nameText('The projection.'),
    key: pathText('The key of the row, as in `/views`.'),
  }),
};
