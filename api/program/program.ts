/** The composition root: the only place where the parts are put together. */
import type { Catalog } from '../../domain/kernel/aggregate';
import { withTopicPrefix } from '../../domain/kernel/topic-prefix';
import type { Effect } from '../../domain/kernel/effect';
import type { AnyProcessManager } from '../../domain/kernel/process-manager';
import type { Clock } from '../../infra/clock';
import { ConfigurationError, readSettings, type Configuration } from '../../infra/configuration';
import { checkedWriteVersions } from '../../infra/kafka/written-version';
import { explainBroker, openLog } from '../../infra/broker/open-log';
import type { Logger } from '../../infra/logger';
import { groupMetrics } from '../../infra/metrics/group-metrics';
import { heartbeatTopicName } from '../../infra/kafka/heartbeats';
import { observedLog } from '../../infra/metrics/log-metrics';
import type { Running } from '../../infra/running/role';
import { startReactors } from '../../infra/reactors/reactors';
import { startRelay } from '../../infra/relay/relay';
import { openTracer } from '../../infra/tracing/open-tracer';
import { tracedLog } from '../../infra/tracing/traced-log';
import type { Tracer } from '../../infra/tracing/tracer';
import { waitForStore } from '../../infra/event-store/open-feed';
import { openEventFeed } from '../../infra/sqlite/event-feed';
import { startProjections } from '../../projections/engine/role/role';
import { buildOpsApp } from '../http/server/ops-app';
import { startApi } from './api-role';
import { underDevelopment, type LoadedApplication } from './application';
import { assertProgram } from './assert-program';
import { refuseContractDrift, warnOfUnreadableEvents } from './contract-drift';
import { effectOptions } from './effect-options';
import { dataFiles, type DataFiles } from './data-files';
import { listen } from './listen';
import { openObservation, type Observation } from './observation';
import type { Role } from './roles';
import { checkStart } from './start-checks';

export interface ProgramOptions {
  readonly loaded: LoadedApplication;
  readonly configuration: Configuration;
  readonly roles: ReadonlySet<Role>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Aborts a start that is still waiting for a lease or for the store's file. */
  readonly signal: AbortSignal;
  /** Called when a role can't continue, for example because another process has taken over its file. */
  readonly onFatal: (error: Error) => void;
}

/** A running program. */
export interface Program {
  /** Where the API listens; undefined without the API role. */
  readonly url: string | undefined;
  /** Stops in order: readiness, server, consumers, relay, broker, store. */
  readonly stop: () => Promise<void>;
}

/** Starts the requested roles. */
export const startProgram = async (given: ProgramOptions): Promise<Program> => {
  const options = { ...given, loaded: underDevelopment(given.loaded) };
  const { configuration, roles, logger, loaded } = options;
  const { application } = loaded;
  refuseSplitEmbedded(configuration, roles);
  await checkStart(options);
  const files = dataFiles(configuration.dataDirectory);
  const { topicPrefix } = configuration;
  const catalog = withTopicPrefix(application.catalog, topicPrefix);
  refuseContractDrift({ loaded, contractDrift: configuration.contractDrift, logger });
  const processManagers = application.processManagersWith(readSettings(application.settings));
  const effects = application.effectsWith(readSettings(application.settings));
  const heartbeatTopic = heartbeatTopicName(topicPrefix, application.name);
  const { projections } = application;
  assertProgram({ catalog, topicPrefix, heartbeatTopic, projections, processManagers, effects });
  const parts: Parts = { catalog, processManagers, effects, files, heartbeatTopic };
  warnOfUnreadableEvents(files.store, catalog, logger);
  // The started parts, oldest first; all of them are stopped in order, even if a later start fails.
  const running: Started = [];
  const stop = async (): Promise<void> => {
    for (const part of running.splice(0).sort((left, right) => stopRank(left.name) - stopRank(right.name))) {
      await part.stop().catch((error: unknown) => logger.error({ part: part.name, error }, 'did not stop cleanly'));
    }
  };
  try {
    const tracer = await beginTracing(options, running);
    const observation = await beginObservation(options, parts, running);
    const observed = { ...options, observation, tracer };
    const url = roles.has('api') ? await beginApi(observed, parts, running) : undefined;
    const needsLog = roles.has('relay') || roles.has('projections') || roles.has('reactors');
    if (needsLog) await beginConsumers(observed, parts, running);
    return { url, stop };
  } catch (error) {
    await stop();
    throw error;
  }
};

/** What the roles are built from. */
interface Parts {
  /** With the installation's topic prefix applied. */
  readonly catalog: Catalog;
  readonly processManagers: ReadonlyArray<AnyProcessManager>;
  readonly effects: ReadonlyArray<Effect>;
  readonly files: DataFiles;
  readonly heartbeatTopic: string;
}

type Started = { readonly name: string; readonly stop: () => Promise<void> }[];

/** The server stops first, so that no new requests arrive; the store closes last, after all its readers. */
const STOP_ORDER = [
  'server',
  'ops server',
  'observation',
  'reactors',
  'projections',
  'relay',
  'broker',
  'store',
  'tracing',
];
const stopRank = (name: string): number => STOP_ORDER.indexOf(name);

const refuseSplitEmbedded = (configuration: Configuration, roles: ReadonlySet<Role>): void => {
  if (configuration.kafka !== undefined || roles.size === 4) return;
  throw new ConfigurationError(
    'the embedded broker exists only within one process, so all roles must run in it: ' +
      "omit --roles, or set KAFKA_BROKERS ('make kafka' starts a real Kafka on 127.0.0.1:9092)",
  );
};

type ObservedOptions = ProgramOptions & { readonly observation: Observation; readonly tracer: Tracer };

/** The last export may take this long at most, and no more than a part of the shutdown deadline. */
const MAX_FLUSH_MS = 5_000;

/** It stops last: spans end until then. */
const beginTracing = async ({ configuration, clock, logger }: ProgramOptions, running: Started): Promise<Tracer> => {
  const { tracing: settings, shutdownDeadlineMs } = configuration;
  const flushMs = Math.min(MAX_FLUSH_MS, Math.floor(shutdownDeadlineMs / 5));
  const tracer = await openTracer({ settings, clock, logger, flushMs });
  running.push({ name: 'tracing', stop: tracer.stop });
  return tracer;
};

/** Before everything else: what a process waits for is to be seen while it waits. */
const beginObservation = async (
  options: ProgramOptions,
  { catalog, processManagers, effects, files }: Parts,
  running: Started,
): Promise<Observation> => {
  const observation = openObservation({
    ...options,
    catalog,
    files,
    projections: options.loaded.application.projections,
    processes: groupNames(processManagers, effects),
  });
  running.push({ name: 'observation', stop: observation.stop });
  const { ops, apiKeys, allowedHosts } = options.configuration;
  if (ops === undefined) return observation;
  const { metrics, readiness } = observation;
  const { clock, logger } = options;
  const app = buildOpsApp({ apiKeys, allowedHosts, metrics, readiness, clock, logger, isShuttingDown: () => false });
  running.push({ name: 'ops server', stop: () => app.close() });
  logger.info({ url: await listen(app, { ...ops, variable: 'OPS_PORT' }) }, 'metrics and health are served');
  return observation;
};

/** The groups of the reactors. */
const groupNames = (...lists: ReadonlyArray<ReadonlyArray<{ readonly name: string }>>): ReadonlyArray<string> =>
  lists.flat().map(({ name }) => name);

const beginApi = async (
  options: ObservedOptions,
  { catalog, processManagers, effects, files }: Parts,
  running: Started,
): Promise<string> => {
  const { projections } = options.loaded.application;
  const api = await startApi({
    ...options,
    catalog,
    files,
    projections,
    effects,
    awaitsRelay: options.roles.has('relay'),
    processes: groupNames(processManagers, effects),
    readers: [
      ...projections.map(({ name, handles }) => ({ kind: 'projection', name, handles }) as const),
      ...processManagers.map(({ name, handles }) => ({ kind: 'process', name, handles }) as const),
      ...effects.map(({ name, handles }) => ({ kind: 'effect', name, handles }) as const),
    ],
  });
  running.push({ name: 'server', stop: api.closeServer }, { name: 'store', stop: api.closeStore });
  options.logger.info({ url: api.url, data: options.configuration.dataDirectory }, 'Tidemark serves');
  return api.url;
};

const beginConsumers = async (
  options: ObservedOptions,
  { catalog, processManagers, effects, files, heartbeatTopic }: Parts,
  running: Started,
): Promise<void> => {
  const { configuration, roles, clock, logger, signal, onFatal, observation, tracer } = options;
  const log = await openLog({ configuration, clock, logger });
  running.push({ name: 'broker', stop: log.close });
  explainBroker(log, logger);
  const openStore = () => openEventFeed(files.store);
  await waitForStore(openStore, clock, signal);
  const { metrics, groups } = observation;
  const shared = {
    log: tracedLog(observedLog(log, metrics, groups, clock), tracer),
    tracer,
    observer: groupMetrics(metrics),
    catalog,
    clock,
    logger,
    signal,
    leaseTtlMs: configuration.leaseTtlMs,
    acceptNewLog: configuration.acceptNewLog,
    topicPrefix: configuration.topicPrefix,
    ...(configuration.heartbeats && log.keepsHistory ? { heartbeatTopic } : {}),
  };
  const keep = (name: string, part: Running): void => {
    running.push({ name, stop: part.stop });
    part.done.catch((error: unknown) => onFatal(error instanceof Error ? error : new Error(String(error))));
  };
  if (roles.has('relay')) {
    const { cloudEventsMode, schemaBaseUrl, eventSource } = configuration;
    const writeVersions = checkedWriteVersions(catalog, configuration.writeVersions);
    const publishing = { cloudEventsMode, schemaBaseUrl, eventSource, writeVersions };
    keep('relay', startRelay({ ...shared, file: files.relay, outbox: openStore, ...publishing }));
  }
  if (roles.has('projections')) {
    const { application, file: applicationFile } = options.loaded;
    const { projections } = application;
    const role = { ...shared, viewsFile: files.views, storeFile: files.store, openStore, projections, applicationFile };
    keep('projections', startProjections(role));
  }
  if (roles.has('reactors')) {
    const { baseUrl, apiKey } = configuration;
    const api = { baseUrl, ...(apiKey === undefined ? {} : { apiKey }) };
    const reactors = startReactors({
      ...shared,
      reactorsFile: files.reactors,
      openStore,
      processManagers,
      effects: effectOptions(effects, configuration, metrics),
      api,
    });
    // A failure of their first start is a wrong setting, so the program's start fails with it.
    await reactors.started;
    keep('reactors', reactors);
  }
};
