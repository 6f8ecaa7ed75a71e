/** Explanations of rows. */
import * as t from 'io-ts';
import { field, orNull, record } from '../../../domain/kernel/codec';
import { Integer } from '../../../domain/kernel/values';
import type { RowExplanation } from '../../../projections/engine/inspect/inspect';
import { answer, endpoint, type Documents } from '../endpoint';
import { NameParameter, PathParameter } from './fields';

const eventFields = {
  id: field(t.string, 'The event.'),
  position: field(Integer, 'Where it stands in the store.'),
  type: field(t.string, 'What happened.'),
  recordedAt: field(t.string, 'When it was recorded.'),
  actor: field(t.string, 'Who did it.'),
  correlationId: field(t.string, 'The same for all that follows from one request.'),
  causationId: field(t.string, 'The event or request that caused it.'),
};

const Change = record('change', {
  from: field(t.unknown, 'The value before; null where there was no row.'),
  to: field(t.unknown, 'The value after; null where there is no row any more.'),
});

const ExplanationAnswer: Documents<RowExplanation> = record('explanation', {
  projection: field(t.string, 'The projection.'),
  key: field(t.string, 'The key of the row.'),
  row: field(orNull(t.UnknownRecord), 'The row in service.'),
  rowFromEvents: field(orNull(t.UnknownRecord), 'The row as the events make it that the group has seen.'),
  agrees: field(t.boolean, 'Whether the two are the same.'),
  eventCount: field(Integer, 'How many events made the row.'),
  history: field(
    t.readonlyArray(
      record('event of a row', {
        ...eventFields,
        changes: field(t.record(t.string, Change), 'What it changed, by column.'),
      }),
    ),
    'The last of them, oldest first, and what each changed.',
  ),
  chains: field(
    t.readonlyArray(
      record('chain', {
        correlationId: field(t.string, 'What they have in common.'),
        events: field(
          t.readonlyArray(
            record('event of a chain', {
              ...eventFields,
              madeRow: field(t.boolean, 'Whether it is one of those that made the row.'),
            }),
          ),
          'In the order of the store.',
        ),
      }),
    ),
    'What happened with them, across streams, by correlation.',
  ),
  deliveries: field(
    record('deliveries', {
      duplicates: field(orNull(Integer), 'Deliveries that the whole group has dropped as duplicates since it started.'),
      parked: field(
        t.readonlyArray(
          record('parked record', {
            topic: field(t.string, 'The topic.'),
            partition: field(Integer, 'The partition.'),
            offset: field(Integer, 'The offset.'),
            reason: field(t.string, 'Why.'),
          }),
        ),
        'Records under the keys of these events that were kept aside.',
      ),
    }),
    'How its records came.',
  ),
});

/** Explains a row. */
export const explain = endpoint({
  access: 'operator',
  operationId: 'explain',
  tag: 'operations',
  summary: 'Which events made a row, what each changed, and what else came of the same requests.',
  params: {
    projection: field(NameParameter, 'The projection.'),
    key: field(PathParameter, 'The key of the row, as in `/views`.'),
  },
  answers: { 200: answer('The explanation.', ExplanationAnswer) },
  problems: ['invalid-parameter', 'forbidden', 'unknown-projection', 'unknown-row', 'overloaded'],
});
