/** Moves of a group's offsets. */
import * as t from 'io-ts';
import { field, orNull, record } from '../../../domain/kernel/codec';
import { Integer, listOf, oneOf } from '../../../domain/kernel/values';
import type { OffsetRequestStatus } from '../../../projections/view-reader';
import { answer, endpoint, type Documents } from '../endpoint';
import { LogId, Offset, Partition, TopicName } from '../request-values';
import { location, NameParameter, RequestIdParameter, requestProblems } from './fields';

/** A group reads some topics of some partitions each. */
const MAX_MOVES = 1_000;

const OffsetMove = record('offset-move', {
  topic: field(TopicName, 'The topic.'),
  partition: field(Partition, 'The partition.'),
  logId: field(LogId, 'The identity of the log that the offsets count in.'),
  fromOffset: field(Offset, 'Where the group stands: where it has moved on meanwhile, nothing is done.'),
  toOffset: field(Offset, 'The offset of the record to read next.'),
});

const OffsetsBody = record('offsets', {
  moves: field(listOf(OffsetMove, MAX_MOVES), 'One for each partition that is moved.'),
});

/** The partitions that a body moves. */
export type OffsetMoves = t.TypeOf<typeof OffsetsBody>['moves'];

const MoveAnswer: Documents<OffsetRequestStatus> = record('move of offsets', {
  id: field(Integer, 'The move.'),
  state: field(oneOf({ requested: null, done: null, failed: null }), 'How it stands.'),
  reason: field(orNull(t.string), 'Why nothing was moved.'),
});

/** Asks for a move. */
export const moveOffsets = endpoint({
  access: 'operator',
  operationId: 'move-offsets',
  tag: 'operations',
  summary: "Moves a group's offsets while it stands still; what was applied is not applied twice.",
  params: { group: field(NameParameter, 'The consumer group.') },
  body: OffsetsBody,
  answers: { 202: answer('It is asked for.', MoveAnswer, location) },
  problems: [...requestProblems, 'unknown-projection', 'parameters-conflict'],
});

/** Shows a move. */
export const offsetMove = endpoint({
  operationId: 'offset-move',
  tag: 'operations',
  summary: 'How a move of offsets stands.',
  params: { id: field(RequestIdParameter, 'The id from the request.') },
  answers: { 200: answer('The move.', MoveAnswer) },
  problems: ['invalid-parameter', 'unknown-offset-move'],
});
