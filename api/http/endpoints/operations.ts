/** How the relay, the consumer groups and the projections stand. */
import * as t from 'io-ts';
import { field, optionalField, orNull, record } from '../../../domain/kernel/codec';
import { Integer, oneOf } from '../../../domain/kernel/values';
import type { RelayStatus } from '../../../infra/relay/state/state';
import type { GroupStatus, ProjectionStatus } from '../../../projections/view-reader';
import { answer, endpoint, type Documents } from '../endpoint';
import { wholeListOf } from './fields';
import { RebuildAnswer } from './rebuilds';

const BlockedPartition = record('blocked partition', {
  topic: field(t.string, 'The topic.'),
  partition: field(Integer, 'The partition.'),
  position: field(Integer, 'The position of the event that stands in the way.'),
  eventId: field(t.string, 'That event.'),
  events: field(Integer, 'How many events are held back: this one, and those behind it.'),
  reason: field(t.string, 'Why it is not taken.'),
  since: field(t.string, 'ISO 8601, UTC.'),
  attempts: field(Integer, 'How often it was tried.'),
  nextAttemptAt: field(t.string, 'When it is tried again: ISO 8601, UTC.'),
});

const UnroutableEvents = record('unroutable events', {
  category: field(t.string, 'The category of their streams.'),
  events: field(Integer, 'How many they are.'),
  firstPosition: field(Integer, 'The position of the first.'),
  firstEventId: field(t.string, 'The first.'),
  lastPosition: field(Integer, 'The position of the last.'),
});

const TopicOfRelay = record('topic', {
  topic: field(t.string, 'The topic.'),
  partitions: field(Integer, 'Its partitions.'),
  logId: field(t.string, 'Its identity.'),
});

const RelayAnswer: Documents<RelayStatus> = record('relay', {
  state: field(
    oneOf({
      'waiting-for-lease': null,
      starting: null,
      running: null,
      blocked: null,
      retrying: null,
      halted: null,
      stopped: null,
    }),
    'How it stands.',
  ),
  reason: field(orNull(t.string), 'Why it is not running, and what to do.'),
  cause: field(
    orNull(oneOf({ 'store-behind': null, 'other-store': null })),
    'Where it is halted because Kafka and the store are not the same history.',
  ),
  since: field(t.string, 'Since when it is in this state: ISO 8601, UTC.'),
  broker: field(orNull(oneOf({ embedded: null, real: null })), 'Which broker it publishes to.'),
  cursor: field(Integer, 'Every event up to this position is acknowledged by Kafka.'),
  sentPosition: optionalField(Integer, 'The last position that was handed to the Kafka client.'),
  storePosition: field(Integer, "The store's last position when the relay last looked."),
  lagEvents: field(Integer, 'Events that Kafka does not have, those that blocked partitions hold back included.'),
  lagSeconds: field(t.number, 'The age of the oldest of them.'),
  published: field(Integer, 'Events published since the relay started.'),
  skipped: field(Integer, 'Events found in Kafka already, and not published again.'),
  failures: field(t.record(t.string, Integer), 'Failures since the relay started, by kind.'),
  blocked: field(
    t.readonlyArray(BlockedPartition),
    'Partitions behind an event that Kafka does not take; all others go on.',
  ),
  unroutable: field(
    t.readonlyArray(UnroutableEvents),
    'Events of aggregates that this program does not have; they are published once it has.',
  ),
  topics: field(t.readonlyArray(TopicOfRelay), 'The topics as the relay declared and found them.'),
  updatedAt: field(t.string, 'ISO 8601, UTC.'),
});

const PartitionOfGroup = record('partition of a group', {
  topic: field(t.string, 'The topic.'),
  partition: field(Integer, 'The partition.'),
  nextOffset: field(Integer, 'The offset of the next record to read.'),
  highWaterPosition: field(Integer, 'Every event of the partition up to this position is applied.'),
  logEndOffset: field(orNull(Integer), 'The end of the log as last seen.'),
  lag: field(orNull(Integer), 'The distance to that end.'),
  state: field(oneOf({ running: null, retrying: null, halted: null }), 'How it stands.'),
  reason: field(orNull(t.string), 'The fault that holds it.'),
});

const Outcomes = record('outcomes', {
  applied: field(Integer, 'Applied.'),
  skipped: field(Integer, 'Nothing had to change: known already, or discarded by an operator.'),
  notApplicable: field(Integer, 'Of a type that the group does not handle, or without meaning for it.'),
  duplicates: field(Integer, 'Delivered before.'),
  parked: field(Integer, 'Wait behind a dead letter of their stream.'),
  malformed: field(Integer, 'Failed for good: cannot be decoded.'),
  unknownContract: field(Integer, 'Failed for good: a name or schema version from the future.'),
  transient: field(Integer, 'Failed for good: a passing fault that did not pass.'),
  rejected: field(Integer, 'Failed for good: the handler says no.'),
  defect: field(Integer, 'Failed for good: the handler threw.'),
  foreign: field(Integer, 'Not an event of this store; set aside without holding a stream.'),
  misplaced: field(Integer, 'An event of this store that is not in its place; set aside without holding a stream.'),
  retries: field(Integer, 'How often something was tried again.'),
});

const GroupAnswer: Documents<GroupStatus> = record('group', {
  group: field(t.string, 'The consumer group.'),
  state: field(
    oneOf({ starting: null, 'catching-up': null, running: null, retrying: null, halted: null, stopped: null }),
    'How it stands.',
  ),
  reason: field(orNull(t.string), 'Why it is not running, and what to do.'),
  since: field(t.string, 'Since when it is in this state: ISO 8601, UTC.'),
  lag: field(orNull(Integer), 'Records behind the ends of its partitions.'),
  outcomes: field(Outcomes, 'What became of events since the process started.'),
  partitions: field(t.readonlyArray(PartitionOfGroup), 'Its partitions.'),
  deadLetterCopies: optionalField(
    record('copies of dead letters', {
      waiting: field(Integer, 'Dead letters that their topic does not hold yet.'),
      failed: field(Integer, 'Those that it does not take; they are tried again, rarely.'),
      reason: field(orNull(t.string), 'Why they are not there.'),
      since: field(orNull(t.string), 'Since when none goes through: ISO 8601, UTC.'),
    }),
    'Copies of dead letters on their way to their topic; absent where none waits.',
  ),
  updatedAt: field(t.string, 'ISO 8601, UTC.'),
});

const FormerBuild = record('former build', {
  version: field(Integer, 'The version that made it.'),
  generation: field(Integer, 'Which build it is.'),
});

const Copy = record('copy', {
  name: field(t.string, 'The name of the copy.'),
  version: field(Integer, 'The version of the projection that made it.'),
  until: field(t.string, 'The moment that was asked for.'),
  untilPosition: field(Integer, 'The last position that is in it.'),
  madeAt: field(t.string, 'ISO 8601, UTC.'),
});

const ProjectionAnswer: Documents<ProjectionStatus> = record('projection', {
  name: field(t.string, 'The projection.'),
  version: field(Integer, 'Grows when its shape changes.'),
  generation: field(Integer, 'Which build of its tables is served.'),
  rows: field(Integer, 'How many rows it has.'),
  rebuild: field(orNull(RebuildAnswer), 'Its last rebuild.'),
  former: field(orNull(FormerBuild), 'The build that was served before, until it is dropped.'),
  copies: field(t.readonlyArray(Copy), 'Scratch copies, read as `/views/<projection>@<name>`.'),
});

/** The relay. */
export const relay = endpoint({
  operationId: 'relay',
  tag: 'operations',
  summary: 'How far the relay has published the store to Kafka.',
  answers: { 200: answer('How the relay stands.', RelayAnswer) },
  problems: ['invalid-parameter', 'no-relay-yet'],
});

/** The consumer groups. */
export const groups = endpoint({
  operationId: 'groups',
  tag: 'operations',
  summary: 'How every consumer group stands: projections and reactors.',
  answers: { 200: answer('The groups.', wholeListOf(GroupAnswer)) },
  problems: ['invalid-parameter'],
});

/** The projections. */
export const projections = endpoint({
  operationId: 'projections',
  tag: 'operations',
  summary: 'How every projection stands, and its last rebuild.',
  answers: { 200: answer('The projections.', wholeListOf(ProjectionAnswer)) },
  problems: ['invalid-parameter'],
});
