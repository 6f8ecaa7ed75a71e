/** How fresh the flow is at each stage, and the metrics. */
import * as t from 'io-ts';
import { field, orNull, record } from '../../../domain/kernel/codec';
import { Integer, oneOf, wordOf } from '../../../domain/kernel/values';
import type { Finding, FlowReport } from '../../../infra/flow/findings';
import { stageNames, type GroupReport, type StageReport } from '../../../infra/flow/stage-report';
import { verdicts } from '../../../infra/flow/verdict';
import { answer, endpoint, type Documents } from '../endpoint';

const StageName = wordOf(stageNames);

const verdict = field(
  wordOf(verdicts),
  'Over the last minute: stalled has something to read and does not move, stopped is read by nobody.',
);

const states = {
  'waiting-for-lease': null,
  starting: null,
  'catching-up': null,
  running: null,
  blocked: null,
  retrying: null,
  halted: null,
  stopped: null,
  silent: null,
} as const;

const state = field(oneOf(states), 'As under /ops/relay and /ops/groups; silent where a process is gone or hangs.');

const ageSeconds = field(t.number, 'Age of the oldest of them.');

const heartbeatSeconds = field(
  orNull(t.number),
  'Age of the last heartbeat that has come through; null where none is sent or read.',
);

const pace = {
  behind: field(Integer, 'Events that wait.'),
  ageSeconds,
  ratePerSecond: field(t.number, 'Events that go through, a second.'),
  drain: field(
    oneOf({ now: null, draining: null, 'not-draining': null, measuring: null }),
    'Whether what waits goes down; now where nothing waits, measuring before there are two looks.',
  ),
  etaSeconds: field(
    orNull(Integer),
    'When nothing waits any more, at the present rates; null where it does not go down.',
  ),
};

const Stage: Documents<StageReport> = record('stage', {
  stage: field(StageName, 'The stage.'),
  state,
  verdict,
  slowest: field(orNull(t.string), 'Who is slowest at it: relay, or a group.'),
  ageP50Seconds: field(t.number, 'The age of the oldest event that waits, half of the time.'),
  ageP99Seconds: field(t.number, 'That age, 99 % of the time.'),
  heartbeatSeconds,
  ...pace,
});

const PartitionOfStage = record('partition of a group', {
  topic: field(t.string, 'The topic.'),
  partition: field(Integer, 'The partition.'),
  nextOffset: field(Integer, 'The offset of the next record to read.'),
  lag: field(Integer, 'Events that wait.'),
  isEstimate: field(t.boolean, 'The group says nothing of its lag: it was counted in the store.'),
  ageSeconds,
  verdict,
});

const GroupOfStage: Documents<GroupReport> = record('group', {
  group: field(t.string, 'The consumer group.'),
  stage: field(oneOf({ consumed: null, projected: null }), 'The stage that it works at.'),
  state,
  reason: field(orNull(t.string), 'Why it is not running, and what to do.'),
  verdict,
  isEstimate: field(t.boolean, 'The lag of a partition was counted in the store.'),
  heartbeatSeconds,
  partitions: field(t.readonlyArray(PartitionOfStage), 'Its partitions.'),
  ...pace,
});

const FindingResponse: Documents<Finding> = record('finding', {
  stage: field(t.string, 'What is concerned: relay, a group, or a topic.'),
  state: field(
    oneOf({ ...states, behind: null, stalled: null, skewed: null }),
    'Its state; for a group that works: behind or stalled; for a topic: skewed.',
  ),
  reason: field(t.string, 'Why, and for how long.'),
});

const Stages: Documents<FlowReport> = record('stages', {
  storePosition: field(Integer, "The store's last position."),
  windowSeconds: field(Integer, 'How far back these figures look: up to a minute.'),
  slowest: field(orNull(StageName), 'Where the oldest event waits; null where none waits for more than a second.'),
  items: field(t.readonlyArray(Stage), 'The stages, in the order of the flow.'),
  groups: field(t.readonlyArray(GroupOfStage), 'The consumer groups.'),
  findings: field(t.readonlyArray(FindingResponse), 'What is wrong, each thing once; empty where nothing is.'),
});

/** The flow by stage. */
export const stages = endpoint({
  operationId: 'stages',
  tag: 'operations',
  summary: 'How fresh the flow is at each stage: age, distance, rate, time to drain, and the slowest stage.',
  answers: { 200: answer('The flow.', Stages) },
  problems: ['invalid-parameter', 'not-ready'],
});

/** What Prometheus scrapes. */
export const metrics = endpoint({
  access: 'operator',
  operationId: 'metrics',
  tag: 'operations',
  summary: "The metrics of this process, in Prometheus' text format; where there are keys, for operators.",
  answers: { 200: { ...answer('The metrics.', t.string), mediaType: 'text/plain' } },
  problems: ['invalid-parameter', 'forbidden'],
});
