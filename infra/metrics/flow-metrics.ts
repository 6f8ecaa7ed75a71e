/** The flow as metrics: what the files say, whichever process has written it. Counters are shown by the process that counts. */
import { countNames } from '../consumption/status/status';
import type { DeadLetterCount } from '../dead-letters/query/query';
import type { FlowSample, GroupSample, RelaySample } from '../flow/flow-sample';
import { hottestKeyByTopic, skewByTopic } from '../flow/skew';
import { reportStages, type GroupReport, type StageReport } from '../flow/stage-report';
import { sample, type Metrics, type Sample } from './registry';

/** A rebuild that runs. */
export interface RebuildProgress {
  readonly projection: string;
  readonly done: number;
  /** Null before the first look. */
  readonly total: number | null;
}

export interface FlowMetricsSources {
  /** Of the last minute, oldest first. */
  readonly samples: () => ReadonlyArray<FlowSample>;
  readonly deadLetters: () => ReadonlyArray<DeadLetterCount>;
  readonly rebuilds: () => ReadonlyArray<RebuildProgress>;
  /** Whether this process runs the relay, or the groups of a stage: its counters are this process's then. */
  readonly isOwn: (part: 'relay' | GroupSample['stage']) => boolean;
  /** When this process started: a status from before is its predecessor's. Milliseconds since 1970. */
  readonly startedAtMs: number;
}

/** Shows the flow at every scrape. */
export const showFlow = (metrics: Metrics, sources: FlowMetricsSources): void => {
  metrics.collect('flow', () => flowSamples(sources));
  metrics.collect('dead letters', () =>
    sources
      .deadLetters()
      .flatMap(({ group, class: failure, total, open }) => [
        sample('tidemark_dead_letters_total', { group, class: failure }, total),
        sample('tidemark_dead_letters_open', { group, class: failure }, open),
      ]),
  );
  metrics.collect('rebuilds', () =>
    sources
      .rebuilds()
      .flatMap(({ projection, done, total }) =>
        total === null ? [] : [sample('tidemark_rebuild_remaining_events', { projection }, Math.max(0, total - done))],
      ),
  );
};

const flowSamples = (sources: FlowMetricsSources): ReadonlyArray<Sample> => {
  const samples = sources.samples();
  const last = samples.at(-1);
  const report = reportStages(samples);
  if (last === undefined || report === undefined) return [];
  return [
    sample('tidemark_store_position', {}, last.storePosition),
    ...report.items.flatMap(stageSamples),
    ...(last.relay === undefined ? [] : relaySamples(last.relay, sources)),
    ...last.groups.flatMap((group) => groupSamples(group, sources)),
    ...report.groups.flatMap(partitionSamples),
    ...[...hottestKeyByTopic(last)].map(([topic, { share }]) =>
      sample('tidemark_hottest_key_share_ratio', { topic }, share),
    ),
    ...[...skewByTopic(samples)].map(([topic, ratio]) => sample('tidemark_partition_skew_ratio', { topic }, ratio)),
  ];
};

const stageSamples = ({
  stage,
  ageSeconds,
  ageP50Seconds,
  ageP99Seconds,
  heartbeatSeconds,
}: StageReport): ReadonlyArray<Sample> => [
  sample('tidemark_stage_age_seconds', { stage }, ageSeconds),
  sample('tidemark_stage_age_quantile_seconds', { stage, quantile: '0.5' }, ageP50Seconds),
  sample('tidemark_stage_age_quantile_seconds', { stage, quantile: '0.99' }, ageP99Seconds),
  ...(heartbeatSeconds === null ? [] : [sample('tidemark_heartbeat_age_seconds', { stage }, heartbeatSeconds)]),
];

const isCountedHere = (updatedAt: string, { startedAtMs }: FlowMetricsSources): boolean =>
  Date.parse(updatedAt) >= startedAtMs;

const relaySamples = (relay: RelaySample, sources: FlowMetricsSources): ReadonlyArray<Sample> => {
  const shown = [
    sample('tidemark_relay_lag_events', {}, relay.lagEvents),
    sample('tidemark_relay_lag_seconds', {}, relay.lagSeconds),
    sample('tidemark_relay_state', { state: relay.state }, 1),
  ];
  if (!sources.isOwn('relay') || !isCountedHere(relay.updatedAt, sources)) return shown;
  return [
    ...shown,
    sample('tidemark_relay_published_total', {}, relay.published),
    ...Object.entries(relay.failures).map(([failure, count]) =>
      sample('tidemark_relay_failures_total', { class: failure }, count),
    ),
  ];
};

const groupSamples = (
  { group, stage, state, eventSeconds, outcomes, updatedAt }: GroupSample,
  sources: FlowMetricsSources,
): ReadonlyArray<Sample> => {
  const shown = [
    sample('tidemark_group_state', { group, state }, 1),
    ...(eventSeconds === undefined ? [] : [sample('tidemark_event_seconds', { group }, eventSeconds)]),
  ];
  if (!sources.isOwn(stage) || !isCountedHere(updatedAt, sources)) return shown;
  // A status of an older release lacks the newest outcomes.
  const counts: Partial<typeof outcomes> = outcomes;
  return [
    ...shown,
    ...countNames.map((outcome) => sample('tidemark_consumed_events_total', { group, outcome }, counts[outcome] ?? 0)),
  ];
};

const partitionSamples = ({ group, partitions }: GroupReport): ReadonlyArray<Sample> =>
  partitions.flatMap(({ topic, partition, lag, ageSeconds, verdict }) => {
    const place = { group, topic, partition: String(partition) };
    return [
      sample('tidemark_consumer_lag', place, lag),
      sample('tidemark_consumer_lag_seconds', place, ageSeconds),
      sample('tidemark_partition_verdict', { ...place, verdict }, 1),
    ];
  });
