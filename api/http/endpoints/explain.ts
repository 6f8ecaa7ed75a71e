/** The endpoint that explains rows. */
import * as t from 'io-ts';
import { field, orNull, record } from '../../../domain/kernel/codec';
import { Integer } from '../../../domain/kernel/values';
import type { RowExplanation } from '../../../projections/engine/inspect/inspect';
import { answer, endpoint, type Documents } from '../endpoint';
import { NameParameter, PathParameter } from './fields';

const eventFields = {
  id: field(t.string, 'The event.'),
  position: field(Integer, 'Its position in the store.'),
  type: field(t.string, 'Its type.'),
  recordedAt: field(t.string, 'When it was recorded.'),
  actor: field(t.string, 'Who caused it.'),
  correlationId: field(t.string, 'Shared by everything that follows from one request.'),
  causationId: field(t.string, 'The event or request that caused it.'),
};

const Change = record('change', {
  from: field(t.unknown, 'The value before; null if there was no row.'),
  to: field(t.unknown, 'The value after; null if the row no longer exists.'),
});

const ExplanationResponse: Documents<RowExplanation> = record('explanation', {
  projection: field(t.string, 'The projection.'),
  key: field(t.string, 'The key of the row.'),
  row: field(orNull(t.UnknownRecord), 'The served row.'),
  rowFromEvents: field(orNull(t.UnknownRecord), 'The row that results from the events that the group has processed.'),
  agrees: field(t.boolean, 'Whether the two are the same.'),
  eventCount: field(Integer, 'How many events made the row.'),
  history: field(
    t.readonlyArray(
      record('event of a row', {
        ...eventFields,
        changes: field(t.record(t.string, Change), 'What it changed, by column.'),
      }),
    ),
    'The last of these events, oldest first, with what each changed.',
  ),
  chains: field(
    t.readonlyArray(
      record('chain', {
        correlationId: field(t.string, 'The correlation id of the events.'),
        events: field(
          t.readonlyArray(
            record('event of a chain', {
              ...eventFields,
              madeRow: field(t.boolean, 'Whether it is one of the events that made the row.'),
            }),
          ),
          'In the order of their positions.',
        ),
      }),
    ),
    'All events of the same requests, across streams, by correlation id.',
  ),
  deliveries: field(
    record('deliveries', {
      duplicates: field(
        orNull(Integer),
        'Deliveries that the group has dropped as duplicates since it started, over all rows.',
      ),
      parked: field(
        t.readonlyArray(
          record('parked record', {
            topic: field(t.string, 'The topic.'),
            partition: field(Integer, 'The partition.'),
            offset: field(Integer, 'The offset.'),
            reason: field(t.string, 'Why.'),
          }),
        ),
        'Dead-lettered records with the keys of these events.',
      ),
    }),
    "Deliveries of the row's records.",
  ),
});

/** Explains a row. */
export const explain = endpoint({
  access: 'operator',
  operationId: 'explain',
  tag: 'operations',
  summary: 'Which events made a row, what each changed, and what else the same requests caused.',
  params: {
    projection: field(NameParameter, 'The projection.'),
    key: field(PathParameter, 'The key of the row, as in `/views`.'),
  },
  answers: { 200: answer('The explanation.', ExplanationResponse) },
  problems: ['invalid-parameter', 'forbidden', 'unknown-projection', 'unknown-row', 'overloaded'],
});
