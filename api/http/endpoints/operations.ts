/** The endpoints that show the state of the relay, the consumer groups and the projections. */
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
  position: field(Integer, 'The position of the event that blocks it.'),
  eventId: field(t.string, 'That event.'),
  events: field(Integer, 'How many events are held back: this one, and those behind it.'),
  reason: field(t.string, 'Why it is not taken.'),
  since: field(t.string, 'ISO 8601, UTC.'),
  attempts: field(Integer, 'How often it was attempted.'),
  nextAttemptAt: field(t.string, 'When it is retried: ISO 8601, UTC.'),
});

const UnroutableEvents = record('unroutable events', {
  category: field(t.string, 'The category of their streams.'),
  events: field(Integer, 'Number of events.'),
  firstPosition: field(Integer, 'The position of the first one.'),
  firstEventId: field(t.string, 'The id of the first one.'),
  lastPosition: field(Integer, 'The position of the last one.'),
});

const TopicOfRelay = record('topic', {
  topic: field(t.string, 'The topic.'),
  partitions: field(Integer, 'Number of partitions.'),
  logId: field(t.string, 'The identity of the topic.'),
});

const RelayResponse: Documents<RelayStatus> = record('relay', {
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
    'If it is halted because Kafka and the store do not hold the same history: which of the two cases it is.',
  ),
  since: field(t.string, 'Since when it is in this state: ISO 8601, UTC.'),
  broker: field(orNull(oneOf({ embedded: null, real: null })), 'Which broker it publishes to.'),
  cursor: field(Integer, 'Every event up to this position is acknowledged by Kafka.'),
  sentPosition: optionalField(Integer, 'The last position that was handed to the Kafka client.'),
  storePosition: field(Integer, "The store's last position when the relay last looked."),
  lagEvents: field(Integer, 'Events that Kafka does not have, those that blocked partitions hold back included.'),
  lagSeconds: field(t.number, 'The age of the oldest of them.'),
  published: field(Integer, 'Events published since the relay started.'),
  skipped: field(Integer, 'Events that were already in Kafka and so not published again.'),
  failures: field(t.record(t.string, Integer), 'Failures since the relay started, by kind.'),
  blocked: field(
    t.readonlyArray(BlockedPartition),
    'Partitions blocked by an event that Kafka does not accept; the others continue.',
  ),
  unroutable: field(
    t.readonlyArray(UnroutableEvents),
    'Events of aggregates that this program does not have; they are published once it does.',
  ),
  topics: field(t.readonlyArray(TopicOfRelay), 'The topics as the relay found or created them.'),
  heartbeat: optionalField(
    record('heartbeat of the relay', {
      sentAt: field(t.string, 'When the last one was sent: ISO 8601, UTC.'),
      acknowledgedSentAt: field(orNull(t.string), 'When the last one that Kafka has acknowledged was sent.'),
    }),
    'The heartbeats that it sends through Kafka; absent where none are sent.',
  ),
  updatedAt: field(t.string, 'ISO 8601, UTC.'),
});

const PartitionOfGroup = record('partition of a group', {
  topic: field(t.string, 'The topic.'),
  partition: field(Integer, 'The partition.'),
  nextOffset: field(Integer, 'The offset of the next record to read.'),
  highWaterPosition: field(Integer, 'Every event of the partition up to this position has been processed.'),
  logEndOffset: field(orNull(Integer), 'The end of the log as last seen.'),
  lag: field(orNull(Integer), 'Records between the next offset and the end of the log.'),
  state: field(oneOf({ running: null, retrying: null, halted: null }), 'Its state.'),
  reason: field(orNull(t.string), 'The fault that blocks it.'),
});

const Outcomes = record('outcomes', {
  applied: field(Integer, 'Applied.'),
  skipped: field(Integer, 'Nothing had to change: already known, or discarded by an operator.'),
  notApplicable: field(Integer, 'Of a type that the group does not handle, or without effect on it.'),
  duplicates: field(Integer, 'Delivered before.'),
  parked: field(Integer, 'Parked behind a dead letter of their stream.'),
  malformed: field(Integer, 'Dead-lettered: cannot be decoded.'),
  unknownContract: field(Integer, 'Dead-lettered: a name or schema version that this program does not know.'),
  transient: field(Integer, 'Dead-lettered: a transient fault that persisted.'),
  rejected: field(Integer, 'Dead-lettered: the handler rejected it.'),
  defect: field(Integer, 'Dead-lettered: the handler threw.'),
  foreign: field(Integer, 'Dead-lettered: not an event of this store; quarantines no stream.'),
  misplaced: field(
    Integer,
    'Dead-lettered: an event of this store in a place where it does not belong; quarantines no stream.',
  ),
  retries: field(Integer, 'Number of retries.'),
});

const Processing = record('processing', {
  batches: field(Integer, 'How many of the last batches these figures are of.'),
  p50Seconds: field(t.number, 'Half of them took no longer.'),
  p99Seconds: field(t.number, '99 % of them took no longer.'),
  eventSeconds: field(t.number, 'How long an event took in the last ten of them.'),
});

const HotKey = record('hot key', {
  key: field(t.string, 'The key: what the records of a stream share.'),
  records: field(Integer, 'Its records, at most: the count is estimated.'),
  atLeast: field(Integer, 'Its records, at least.'),
});

const HottestKeys = record('hottest keys', {
  topic: field(t.string, 'The topic.'),
  records: field(Integer, 'Records of all keys that were applied; one of a minute ago counts half.'),
  keys: field(t.readonlyArray(HotKey), 'The hottest first.'),
});

const GroupResponse: Documents<GroupStatus> = record('group', {
  group: field(t.string, 'The consumer group.'),
  state: field(
    oneOf({ starting: null, 'catching-up': null, running: null, retrying: null, halted: null, stopped: null }),
    'Its state.',
  ),
  reason: field(orNull(t.string), 'Why it is not running, and what to do.'),
  since: field(t.string, 'When this state began: ISO 8601, UTC.'),
  lag: field(orNull(Integer), 'Records behind the ends of its partitions.'),
  outcomes: field(Outcomes, 'The outcomes of events since the process started.'),
  partitions: field(t.readonlyArray(PartitionOfGroup), 'Its partitions.'),
  deadLetterCopies: optionalField(
    record('copies of dead letters', {
      waiting: field(Integer, 'Dead letters that have not been published to their topic yet.'),
      failed: field(Integer, 'Dead letters that Kafka does not accept; they are retried, rarely.'),
      reason: field(orNull(t.string), 'Why they are not published.'),
      since: field(orNull(t.string), 'Since when none could be published: ISO 8601, UTC.'),
    }),
    'Copies of dead letters waiting to be published to their topic; absent if none are waiting.',
  ),
  processing: optionalField(Processing, 'How long its last batches took; absent before the first one.'),
  hottestKeys: optionalField(
    t.readonlyArray(HottestKeys),
    'The keys with the most records over the last minutes, by topic; absent before the first batch.',
  ),
  heartbeat: optionalField(
    record('heartbeat of a group', {
      sentAt: field(t.string, 'When the relay sent it: ISO 8601, UTC.'),
      readAt: field(t.string, 'When the group read it: ISO 8601, UTC.'),
    }),
    'The last heartbeat of the relay that came to it; absent where it reads none.',
  ),
  updatedAt: field(t.string, 'ISO 8601, UTC.'),
});

const PreviousGeneration = record('previous generation', {
  version: field(Integer, 'The version that made it.'),
  generation: field(Integer, 'The number of the generation.'),
});

const Copy = record('copy', {
  name: field(t.string, 'The name of the copy.'),
  version: field(Integer, 'The version of the projection that made it.'),
  until: field(t.string, 'The requested point in time.'),
  untilPosition: field(Integer, 'The last position that it includes.'),
  madeAt: field(t.string, 'ISO 8601, UTC.'),
});

const ProjectionResponse: Documents<ProjectionStatus> = record('projection', {
  name: field(t.string, 'The projection.'),
  version: field(Integer, 'Increases when its columns or logic change.'),
  generation: field(Integer, 'The generation that is served.'),
  rows: field(Integer, 'Number of rows.'),
  rebuild: field(orNull(RebuildAnswer), 'Its last rebuild.'),
  former: field(orNull(PreviousGeneration), 'The generation that was served before, until it is dropped.'),
  copies: field(t.readonlyArray(Copy), 'Point-in-time copies, read as `/views/<projection>@<name>`.'),
});

/** Shows the relay. */
export const relay = endpoint({
  operationId: 'relay',
  tag: 'operations',
  summary: 'How far the relay has published the store to Kafka.',
  answers: { 200: answer('The state of the relay.', RelayResponse) },
  problems: ['invalid-parameter', 'no-relay-yet'],
});

/** Shows the consumer groups. */
export const groups = endpoint({
  operationId: 'groups',
  tag: 'operations',
  summary: 'The state of every consumer group: projections and reactors.',
  answers: { 200: answer('The groups.', wholeListOf(GroupResponse)) },
  problems: ['invalid-parameter'],
});

/** Shows the projections. */
export const projections = endpoint({
  operationId: 'projections',
  tag: 'operations',
  summary: 'The state of every projection, with its last rebuild.',
  answers: { 200: answer('The projections.', wholeListOf(ProjectionResponse)) },
  problems: ['invalid-parameter'],
});
