/** The API's role: it writes the store, reads what the other roles write, and listens. */
import { existsSync } from 'node:fs';
import type { Catalog } from '../../domain/kernel/aggregate';
import type { Effect } from '../../domain/kernel/effect';
import type { Clock } from '../../infra/clock';
import { expireAnswers } from '../../infra/commands/answer-expiry';
import { startRunning, type Running } from '../../infra/running/role';
import { loggedCommands } from '../../infra/commands/logged-commands';
import { commandHandler } from '../../infra/commands/command-handler';
import type { Configuration } from '../../infra/configuration';
import type { GroupStatus } from '../../infra/consumption/status/status';
import type { Logger } from '../../infra/logger';
import { observedCommands } from '../../infra/metrics/command-metrics';
import { sample, type Metrics } from '../../infra/metrics/registry';
import { readReactorGroups } from '../../infra/reactors/reactor-status';
import { readRelayStatus, readSkipResult } from '../../infra/sqlite/relay-file/relay-file';
import { relayLag } from '../../infra/relay/relay-monitor';
import type { RelayStatus } from '../../infra/relay/state/state';
import type { EventFeed } from '../../infra/event-store/event-feed';
import { openEventFeed } from '../../infra/sqlite/event-feed';
import { openSqliteEventStore, type SqliteEventStore } from '../../infra/sqlite/event-store';
import { whenNotBusy } from '../../infra/sqlite/leased-database';
import { tracedCommands } from '../../infra/tracing/command-spans';
import type { Tracer } from '../../infra/tracing/tracer';
import { rowExplanations } from '../../projections/engine/inspect/inspect';
import { openViewReader } from '../../projections/engine/query/query';
import type { Projection } from '../../projections/projection';
import type { ViewReader } from '../../projections/view-reader';
import { buildApp } from '../http/server/app';
import type { ApiDependencies, Readiness, ReadinessReason } from '../http/dependencies';
import { defaultConnectionLimits } from '../http/connections';
import type { DataFiles } from './data-files';
import { deadLettersOf } from './dead-letter-files';
import { listen } from './listen';
import type { Observation } from './observation';
import { openStoreGate, type GateStanding, type StoreGate } from './store-gate';
import { flowStages } from './flow-stages';
import { reactorsIn } from './reactors-in';
import { assessStages, type StageAssessment } from './readiness';
import type { Role } from './roles';

export interface ApiRoleOptions {
  readonly configuration: Configuration;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Aborts the wait for the store's lease. */
  readonly signal: AbortSignal;
  /** Called when the store can no longer be written. */
  readonly onFatal: (error: Error) => void;
  readonly catalog: Catalog;
  /** The roles that this process runs. */
  readonly roles: ReadonlySet<Role>;
  readonly files: DataFiles;
  readonly projections: ReadonlyArray<Projection>;
  /** Counts commands, and is told whether the API is ready. */
  readonly observation: Observation;
  readonly tracer: Tracer;
  /** Whether the relay starts in this process too. */
  readonly awaitsRelay: boolean;
  /** The names of the process managers and effects. */
  readonly processes: ReadonlyArray<string>;
  readonly effects: ReadonlyArray<Effect>;
  readonly readers: ApiDependencies['readers'];
}

export interface ApiRole {
  /** Where it listens. */
  readonly url: string;
  /** Readiness becomes 503, requests in progress are completed, and new ones are rejected. */
  readonly closeServer: () => Promise<void>;
  /** Commits pending appends and closes the files; call it after the server and all roles of this process have stopped. */
  readonly closeStore: () => Promise<void>;
}

/** Number of streams whose folded states are cached: a command on one of them reads nothing. */
const STATE_CACHE_STREAMS = 20_000;

/** Requests in progress get a part of the shutdown deadline, so that time remains for the other roles. */
const closeGraceMs = ({ shutdownDeadlineMs }: Configuration): number =>
  Math.min(defaultConnectionLimits.closeGraceMs, Math.floor(shutdownDeadlineMs / 5));

/** Waits for the store's lease, then serves. */
export const startApi = async (options: ApiRoleOptions): Promise<ApiRole> => {
  const { configuration, clock, logger, catalog, files, observation } = options;
  let isShuttingDown = false;
  const store = await openStore(options);
  const feed = await openEventFeed(files.store);
  const gate = await openStoreGate({ ...options, feed });
  const views = openViewReader(files.views, options.projections, catalog);
  const relayStatus = (): Promise<RelayStatus | undefined> => currentRelayStatus(files.relay, feed, clock);
  const reactorGroups = (): ReadonlyArray<GroupStatus> =>
    existsSync(files.reactors) ? readReactorGroups(files.reactors) : [];
  const failures = deadLettersOf(options);
  const decide = commandHandler({ store, catalog, stateCacheSize: STATE_CACHE_STREAMS, snapshots: store.snapshots });
  // Not even the fields of its lines are made where nobody reads them.
  const handler = configuration.logLevel === 'debug' ? loggedCommands(decide, logger) : decide;
  const isReady = readiness({ ...options, store, gate, views, relayStatus, reactorGroups });
  showAppendQueue(observation.metrics, store);
  const app = buildApp({
    catalog,
    store,
    snapshots: store.snapshots,
    handleCommand: tracedCommands(observedCommands(gate.guarded(handler), observation.metrics, clock), options.tracer),
    views,
    explainRow: rowExplanations({ viewsFile: files.views, store: feed, catalog, projections: options.projections }),
    relayStatus,
    skipResult: (id) => (existsSync(files.relay) ? readSkipResult(files.relay, id) : undefined),
    failures,
    ...reactorsIn(files, options.effects),
    failedRequests: (limit) => failures.failedRequests(limit),
    reactorGroups,
    operationRequests: patientRequests(store, feed, clock),
    history: feed,
    readers: options.readers,
    reactorToken: store.reactorToken,
    apiKeys: configuration.apiKeys,
    rateLimitPerSecond: configuration.rateLimitPerSecond,
    bodyLimitBytes: configuration.bodyLimitBytes,
    allowedHosts: configuration.allowedHosts,
    connections: { closeGraceMs: closeGraceMs(configuration) },
    clock,
    logger,
    readiness: isReady,
    stages: observation.stages,
    metrics: observation.metrics,
    tracer: options.tracer,
    isShuttingDown: () => isShuttingDown,
  } satisfies ApiDependencies);
  const expiry = startExpiry(options, store);
  const closeStore = async (): Promise<void> => {
    for (const stop of [gate.stop, expiry.stop, feed.close, store.close]) await stop();
  };
  try {
    const url = await listen(app, { ...configuration, variable: 'PORT' });
    observation.answerReadiness(isReady);
    return {
      url,
      closeServer: async () => {
        isShuttingDown = true;
        await app.close();
        // Before the role that writes the views closes them: the last connection checkpoints the WAL, which a reader can't.
        views.close();
      },
      closeStore,
    };
  } catch (error) {
    views.close();
    await closeStore();
    throw error;
  }
};

/** Removes expired answers until it is stopped. */
const startExpiry = (
  { clock, logger, configuration: { idempotencyTtlMs: ttlMs } }: ApiRoleOptions,
  store: SqliteEventStore,
): Running => startRunning((stopping) => expireAnswers({ store, clock, logger, stopping, ttlMs }));

/** Waiting for a lock that another process holds on the store must not block the event loop. */
const patientRequests = (
  store: SqliteEventStore,
  { requestsAfter: after }: EventFeed,
  clock: Clock,
): ApiDependencies['operationRequests'] => ({
  submitAll: (requests) => whenNotBusy(clock, () => store.submitAll(requests)),
  after,
});

const openStore = ({ configuration, clock, logger, signal, onFatal, files }: ApiRoleOptions) =>
  openSqliteEventStore({
    file: files.store,
    clock,
    appendQueueLimit: configuration.appendQueueLimit,
    leaseTtlMs: configuration.leaseTtlMs,
    answerTtlMs: configuration.idempotencyTtlMs,
    onLeaseLost: onFatal,
    signal,
    onWaiting: (owner) => logger.info({ owner, file: files.store }, 'another process is writing the store: waiting'),
    onFault: (reason) => logger.warn({ reason }, "the API is waiting for the store's file"),
  });

interface ReadinessSources extends ApiRoleOptions {
  readonly store: SqliteEventStore;
  readonly gate: StoreGate;
  readonly views: ViewReader;
  readonly relayStatus: () => Promise<RelayStatus | undefined>;
  readonly reactorGroups: () => ReadonlyArray<GroupStatus>;
}

const readiness = ({
  clock,
  store,
  gate,
  projections,
  processes,
  observation,
  ...sources
}: ReadinessSources): (() => Promise<Readiness>) => {
  const startedAtMs = clock.nowMs();
  const names = { projections: projections.map(({ name }) => name), processes };
  return async () => {
    const { stages, unreadable } = await flowStages({ ...sources, ...names });
    const { reasons, notices } = assessStages(stages, clock.nowMs(), startedAtMs);
    return readinessOf(store, gate.standing(), {
      reasons: [...unreadable, ...reasons],
      notices: [...notices, ...observation.notices()],
    });
  };
};

/** Ready if the store accepts appends and every known stage makes progress. */
const readinessOf = (
  store: SqliteEventStore,
  { verdict, reason }: GateStanding,
  { reasons, notices }: StageAssessment,
): Readiness => {
  const { leaseFresh, failure, queueLength, queueLimit, walBytes } = store.status();
  const lease = leaseFresh ? 'held' : 'not renewed in time: another process may take over the store';
  const storeReasons: ReadinessReason[] = [];
  if (!leaseFresh) storeReasons.push({ stage: 'store', state: 'lease-stale', reason: lease });
  if (failure !== null) storeReasons.push({ stage: 'store', state: 'failed', reason: failure });
  if (reason !== null) storeReasons.push({ stage: 'store', state: verdict, reason });
  const all = [...storeReasons, ...reasons];
  return {
    ready: all.length === 0,
    reasons: all,
    notices,
    checks: {
      lease,
      store: failure ?? 'accepts appends',
      history: reason ?? 'matches what was read from it',
      queue: `${queueLength} of ${queueLimit} appends waiting`,
      log: `${walBytes} bytes of WAL not checkpointed yet`,
    },
  };
};

/** The relay's status with its present lag: a relay that has died can't report how far behind it is. */
const currentRelayStatus = async (file: string, feed: EventFeed, clock: Clock): Promise<RelayStatus | undefined> => {
  const status = existsSync(file) ? readRelayStatus(file) : undefined;
  return status === undefined ? undefined : { ...status, ...(await relayLag(feed, status, clock)) };
};

const showAppendQueue = (metrics: Metrics, store: SqliteEventStore): void =>
  metrics.collect('append queue', () => [sample('tidemark_append_queue_length', {}, store.status().queueLength)]);
