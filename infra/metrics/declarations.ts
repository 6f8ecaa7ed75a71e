/** Every metric of the program: its kind, what it says, and its labels. Alert rules and dashboards go by these names. */

/**
 * `counter`: counted in this process, from zero at its start. `total`: read from a file where it is kept for good, so that every
 * process shows the same. `gauge`: read at the scrape. `histogram`: in seconds, counted in this process.
 */
export type MetricKind = 'counter' | 'total' | 'gauge' | 'histogram';

export interface MetricDeclaration {
  readonly kind: MetricKind;
  readonly help: string;
  /** Each has a bounded set of values: groups, topics, partitions, classes and states, never an id or a key. */
  readonly labels: ReadonlyArray<string>;
}

const GROUP = ['group'] as const;
const PARTITION = ['group', 'topic', 'partition'] as const;
const FILE = ['file'] as const;

export const metricDeclarations = {
  tidemark_consumer_lag: {
    kind: 'gauge',
    help: 'Records of a partition that the group has not applied; counted in the store where the group says nothing.',
    labels: PARTITION,
  },
  tidemark_consumer_lag_seconds: {
    kind: 'gauge',
    help: 'Age of the oldest event in Kafka that the group has not applied, by partition; 0 where there is none.',
    labels: PARTITION,
  },
  tidemark_partition_verdict: {
    kind: 'gauge',
    help: '1 for the verdict on a partition over the last minute: ok, behind, catching-up, stalled, stopped or rewound.',
    labels: [...PARTITION, 'verdict'],
  },
  tidemark_group_state: { kind: 'gauge', help: '1 for the state that a group is in.', labels: ['group', 'state'] },
  tidemark_consumed_events_total: {
    kind: 'counter',
    help: 'Events that the group has taken, by what became of them.',
    labels: ['group', 'outcome'],
  },
  tidemark_consumer_rebalances_total: {
    kind: 'counter',
    help: 'Times that the group took its partitions on: at a start, after a fault, and where a partition is blocked or freed.',
    labels: GROUP,
  },
  tidemark_processing_seconds: {
    kind: 'histogram',
    help: 'Time to apply one batch: handler, rows and checkpoints in one transaction.',
    labels: GROUP,
  },
  tidemark_effects_total: {
    kind: 'counter',
    help: 'Attempts of effects by how they ended: done, rejected, later, transient, defect or dry-run.',
    labels: ['effect', 'outcome'],
  },
  tidemark_effect_seconds: { kind: 'histogram', help: 'Time of one attempt of an effect.', labels: ['effect'] },
  tidemark_event_seconds: {
    kind: 'gauge',
    help: 'Time that an event took, handler and rows, on average over the last ten batches of the group.',
    labels: GROUP,
  },
  tidemark_retries_total: {
    kind: 'counter',
    help: 'Attempts that failed and are repeated, by what failed: broker, store, event or other.',
    labels: ['group', 'class'],
  },
  tidemark_offset_commit_failures_total: {
    kind: 'counter',
    help: "Commits of offsets to Kafka that failed; nothing relies on them but Kafka's own tools.",
    labels: GROUP,
  },
  tidemark_dead_letters_total: {
    kind: 'total',
    help: 'Dead letters that the file holds, resolved ones included.',
    labels: ['group', 'class'],
  },
  tidemark_dead_letters_open: {
    kind: 'gauge',
    help: 'Dead letters that nobody has redriven or discarded.',
    labels: ['group', 'class'],
  },
  tidemark_partition_skew_ratio: {
    kind: 'gauge',
    help: 'The busiest partition of a topic against the mean; 1 is even. Over the last minutes, or the whole log while little comes.',
    labels: ['topic'],
  },
  tidemark_hottest_key_share_ratio: {
    kind: 'gauge',
    help: "The hottest key's share of a topic's records over the last minutes; /ops/groups names the key.",
    labels: ['topic'],
  },
  tidemark_producer_records_total: {
    kind: 'counter',
    help: 'Records by what came of their delivery: delivered or failed.',
    labels: ['topic', 'outcome'],
  },
  tidemark_kafka_unanswered_seconds: {
    kind: 'gauge',
    help: 'For how long Kafka has not answered this process; 0 where it has answered everything. Fractions of a second are usual.',
    labels: [],
  },
  tidemark_relay_lag_events: {
    kind: 'gauge',
    help: 'Events that Kafka does not have, those that blocked partitions hold back included.',
    labels: [],
  },
  tidemark_relay_lag_seconds: {
    kind: 'gauge',
    help: 'Age of the oldest event that Kafka has not acknowledged; 0 where there is none.',
    labels: [],
  },
  tidemark_relay_state: { kind: 'gauge', help: '1 for the state that the relay is in.', labels: ['state'] },
  tidemark_relay_failures_total: {
    kind: 'counter',
    help: 'Sessions of the relay that ended in a fault, by class.',
    labels: ['class'],
  },
  tidemark_relay_published_total: { kind: 'counter', help: 'Events that the relay has published.', labels: [] },
  tidemark_stage_age_seconds: {
    kind: 'gauge',
    help: 'Age of the oldest event that waits at a stage: relayed, acknowledged, consumed or projected.',
    labels: ['stage'],
  },
  tidemark_stage_age_quantile_seconds: {
    kind: 'gauge',
    help: 'That age over the last minute, by quantile: 0.5 or 0.99.',
    labels: ['stage', 'quantile'],
  },
  tidemark_heartbeat_age_seconds: {
    kind: 'gauge',
    help: 'Age of the last heartbeat that has passed a stage; absent where none are sent or read.',
    labels: ['stage'],
  },
  tidemark_rebuild_remaining_events: {
    kind: 'gauge',
    help: 'Events that a running rebuild has still to read.',
    labels: ['projection'],
  },
  tidemark_commands_total: {
    kind: 'counter',
    help: 'Commands that the API has handled, by outcome.',
    labels: ['aggregate', 'command', 'outcome'],
  },
  tidemark_command_seconds: {
    kind: 'histogram',
    help: 'Time from a command that was read to its result, the commit included.',
    labels: [],
  },
  tidemark_events_appended_total: { kind: 'counter', help: 'Events appended by commands, by type.', labels: ['type'] },
  tidemark_append_queue_length: { kind: 'gauge', help: 'Appends that wait for the disk.', labels: [] },
  tidemark_store_position: { kind: 'gauge', help: 'The position of the last event in the store.', labels: [] },
  tidemark_wal_bytes: { kind: 'gauge', help: "Size of a file's write-ahead log.", labels: FILE },
  tidemark_lease_held: { kind: 'gauge', help: '1 where a process holds the lease of a file.', labels: FILE },
  tidemark_lease_own: { kind: 'gauge', help: '1 where this very process holds the lease of a file.', labels: FILE },
  tidemark_lease_takeovers_total: {
    kind: 'total',
    help: 'Times that a process took the lease of a file over.',
    labels: FILE,
  },
  tidemark_ready: { kind: 'gauge', help: '1 where /health/ready of this process answers 200.', labels: [] },
  tidemark_not_ready: {
    kind: 'gauge',
    help: '1 for each stage that stands in the way of readiness, with its state.',
    labels: ['stage', 'state'],
  },
  tidemark_scrape_failures_total: {
    kind: 'counter',
    help: 'Sources that could not be read at a scrape; their metrics are missing from it.',
    labels: ['source'],
  },
} as const satisfies Readonly<Record<string, MetricDeclaration>>;

export type MetricName = keyof typeof metricDeclarations;

/** The labels of a metric, all of them. */
export type LabelsOf<Name extends MetricName> = Readonly<
  Record<(typeof metricDeclarations)[Name]['labels'][number], string>
>;

/** The names of the metrics of one kind. */
export type NamesOfKind<Kind extends MetricKind> = {
  [Name in MetricName]: (typeof metricDeclarations)[Name]['kind'] extends Kind ? Name : never;
}[MetricName];
