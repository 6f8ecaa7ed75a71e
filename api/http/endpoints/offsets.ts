/** The endpoints of offset moves. */
import * as t from 'io-ts';
import { field, orNull, record } from '../../../domain/kernel/codec';
import { Integer, listOf, oneOf } from '../../../domain/kernel/values';
import type { OffsetRequestStatus } from '../../../projections/view-reader';
import { answer, endpoint, type Documents } from '../endpoint';
import { LogId, Offset, Partition, TopicName } from '../request-values';
import { location, NameParameter, RequestIdParameter, requestProblems } from './fields';

/** More than any group has partitions. */
const MAX_MOVES = 1_000;

const OffsetMove = record('offset-move', {
  topic: field(TopicName, 'The topic.'),
  partition: field(Partition, 'The partition.'),
  logId: field(LogId, 'The identity of the log that the offsets belong to.'),
  fromOffset: field(Offset, "The group's present offset; if it has changed meanwhile, nothing is moved."),
  toOffset: field(Offset, 'The offset of the next record to read.'),
});

const OffsetsBody = record('offsets', {
  moves: field(listOf(OffsetMove, MAX_MOVES), 'One for each partition to move.'),
});

/** The moves in a request body. */
export type OffsetMoves = t.TypeOf<typeof OffsetsBody>['moves'];

const OffsetMoveResponse: Documents<OffsetRequestStatus> = record('move of offsets', {
  id: field(Integer, 'The move.'),
  state: field(oneOf({ requested: null, done: null, failed: null }), 'Its state.'),
  reason: field(orNull(t.string), 'Why nothing was moved.'),
});

/** Requests a move. */
export const moveOffsets = endpoint({
  access: 'operator',
  operationId: 'move-offsets',
  tag: 'operations',
  summary: "Moves a group's offsets while it is stopped; events that were applied are not applied twice.",
  params: { group: field(NameParameter, 'The consumer group.') },
  body: OffsetsBody,
  answers: { 202: answer('Accepted.', OffsetMoveResponse, location) },
  problems: [...requestProblems, 'unknown-projection', 'parameters-conflict'],
});

/** Shows a move. */
export const offsetMove = endpoint({
  operationId: 'offset-move',
  tag: 'operations',
  summary: 'The state of an offset move.',
  params: { id: field(RequestIdParameter, 'The id from the request.') },
  answers: { 200: answer('The move.', OffsetMoveResponse) },
  problems: ['invalid-parameter', 'unknown-offset-move'],
});
