/** What a process shows of itself and of the flow, whatever its roles are: metrics, the stages, and whether it is ready. */
import { existsSync } from 'node:fs';
import type { Catalog } from '../../domain/kernel/aggregate';
import type { Clock } from '../../infra/clock';
import type { GroupStatus } from '../../infra/consumption/status/status';
import { StoreNotReady, type EventFeed } from '../../infra/event-store/event-feed';
import type { DeadLetterDirectory } from '../../infra/dead-letters/query/query';
import { reportFlow, type FlowReport } from '../../infra/flow/findings';
import { flowNotices, type FlowNotice } from '../../infra/flow/flow-notices';
import type { FlowGroup } from '../../infra/flow/flow-sample';
import { openFlowWindow, type FlowWindow } from '../../infra/flow/flow-window';
import type { Logger } from '../../infra/logger';
import { showFiles } from '../../infra/metrics/file-metrics';
import { showFlow } from '../../infra/metrics/flow-metrics';
import { openMetrics, sample, type Metrics } from '../../infra/metrics/registry';
import { readReactorGroups } from '../../infra/reactors/reactor-status';
import type { RelayStatus } from '../../infra/relay/state/state';
import { openEventFeed } from '../../infra/sqlite/event-feed';
import { readRelayStatus } from '../../infra/sqlite/relay-file/relay-file';
import { openViewReader } from '../../projections/engine/query/query';
import type { Projection } from '../../projections/projection';
import type { ViewReader } from '../../projections/view-reader';
import type { Readiness } from '../http/dependencies';
import type { DataFiles } from './data-files';
import { deadLettersOf } from './dead-letter-files';
import { flowStages } from './flow-stages';
import { assessStages } from './readiness';
import type { Role } from './roles';

export interface ObservationOptions {
  readonly roles: ReadonlySet<Role>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly catalog: Catalog;
  readonly files: DataFiles;
  readonly projections: ReadonlyArray<Projection>;
  /** The names of the process managers. */
  readonly processes: ReadonlyArray<string>;
}

export interface Observation {
  readonly metrics: Metrics;
  /** Over the last minute; undefined while there is no store. */
  readonly stages: () => Promise<FlowReport | undefined>;
  /** What is wrong and does not prevent readiness, over the last minute. */
  readonly notices: () => ReadonlyArray<FlowNotice>;
  /** Of this process: its roles are at work, and the API, where it is one of them, takes requests. */
  readonly readiness: () => Promise<Readiness>;
  /** From then on the API says whether it is ready, for itself and for the whole installation. */
  readonly answerReadiness: (ofApi: () => Promise<Readiness>) => void;
  /** Names of the groups that are counted. */
  readonly groups: ReadonlySet<string>;
  readonly stop: () => Promise<void>;
}

/** Everything that is read of the installation's files, by whichever process. */
interface Sources {
  readonly views: ViewReader;
  readonly relayStatus: () => RelayStatus | undefined;
  readonly reactorGroups: () => ReadonlyArray<GroupStatus>;
  readonly deadLetters: DeadLetterDirectory;
  readonly projectionNames: ReadonlyArray<string>;
  readonly processNames: ReadonlyArray<string>;
}

/** Begins to look. Files that are not there yet are looked for again. */
export const openObservation = (options: ObservationOptions): Observation => {
  const { catalog, clock, logger, files, roles } = options;
  const startedAtMs = clock.nowMs();
  const sources = openSources(options);
  const store = lazyReader(files.store);
  const flow = openFlowWindow({
    catalog,
    clock,
    logger,
    reader: store.current,
    relayStatus: sources.relayStatus,
    groups: () => flowGroups(sources),
  });
  const metrics = openMetrics(logger);
  showFiles(metrics, Object.values<string>({ ...files }), clock);
  showFlow(metrics, {
    samples: flow.samples,
    deadLetters: sources.deadLetters.counts,
    rebuilds: () => sources.views.latestRebuilds().filter(({ state }) => state === 'requested' || state === 'running'),
    isOwn: (part) => roles.has(ROLE_OF[part]),
    startedAtMs,
  });
  let ofApi: (() => Promise<Readiness>) | undefined;
  const readiness = (): Promise<Readiness> => ofApi?.() ?? ownReadiness(options, sources, startedAtMs);
  showReadiness(metrics, readiness);
  return {
    metrics,
    stages: async () => reportFlow(await flow.samplesByNow()),
    notices: () => flowNotices(flow.samples()),
    readiness,
    answerReadiness: (api) => (ofApi = api),
    groups: new Set([...sources.projectionNames, ...sources.processNames]),
    stop: async () => stopAll(flow, sources, store),
  };
};

const ROLE_OF = { relay: 'relay', consumed: 'reactors', projected: 'projections' } as const;

const openSources = ({ catalog, files, projections, processes }: ObservationOptions): Sources => {
  const projectionNames = projections.map(({ name }) => name);
  const processNames = processes;
  return {
    views: openViewReader(files.views, projections, catalog),
    relayStatus: () => (existsSync(files.relay) ? readRelayStatus(files.relay) : undefined),
    reactorGroups: () => (existsSync(files.reactors) ? readReactorGroups(files.reactors) : []),
    deadLetters: deadLettersOf({ files, projections, processes }),
    projectionNames,
    processNames,
  };
};

const stopAll = async (flow: FlowWindow, sources: Sources, store: LazyReader): Promise<void> => {
  await flow.stop();
  sources.views.close();
  await store.close();
};

/** Groups that the program has no more are not its stages. */
const flowGroups = ({ views, reactorGroups, projectionNames, processNames }: Sources): ReadonlyArray<FlowGroup> => [
  ...reactorGroups()
    .filter(({ group }) => processNames.includes(group))
    .map((status) => ({ stage: 'consumed' as const, status })),
  ...views
    .groups()
    .filter(({ group }) => projectionNames.includes(group))
    .map((status) => ({ stage: 'projected' as const, status })),
];

const showReadiness = (metrics: Metrics, readiness: () => Promise<Readiness>): void =>
  metrics.collect('readiness', async () => {
    const { ready, reasons = [] } = await readiness();
    return [
      sample('tidemark_ready', {}, ready ? 1 : 0),
      // A stage can have several reasons of one state: one sample for each pair.
      ...[...new Map(reasons.map((reason) => [`${reason.stage} ${reason.state}`, reason])).values()].map(
        ({ stage, state }) => sample('tidemark_not_ready', { stage, state }, 1),
      ),
    ];
  });

/** What other processes run is theirs to answer for. */
const ownReadiness = async (
  { roles, clock }: ObservationOptions,
  sources: Sources,
  startedAtMs: number,
): Promise<Readiness> => {
  const { stages, unreadable } = await flowStages({
    roles,
    views: roles.has('projections') ? sources.views : { groups: () => [], projections: () => [] },
    relayStatus: async () => Promise.resolve(roles.has('relay') ? sources.relayStatus() : undefined),
    reactorGroups: roles.has('reactors') ? sources.reactorGroups : () => [],
    projections: roles.has('projections') ? sources.projectionNames : [],
    processes: roles.has('reactors') ? sources.processNames : [],
  });
  const own = stages.filter(({ isOwn }) => isOwn);
  const { reasons, notices } = assessStages(own, clock.nowMs(), startedAtMs);
  const waiting = roles.has('api')
    ? [{ stage: 'api', state: 'starting', reason: 'it waits for the store, or has not started to listen yet' }]
    : [];
  const all = [...waiting, ...unreadable, ...reasons];
  const checks = Object.fromEntries(own.map(({ stage, status }) => [stage, status?.state ?? 'not seen yet']));
  return { ready: all.length === 0, checks, reasons: all, notices };
};

interface LazyReader {
  /** Undefined while there is no store that can be read. */
  readonly current: () => Promise<EventFeed | undefined>;
  readonly close: () => Promise<void>;
}

const lazyReader = (file: string): LazyReader => {
  let reader: EventFeed | undefined;
  return {
    current: async () => {
      try {
        return (reader ??= await openEventFeed(file));
      } catch (error) {
        if (error instanceof StoreNotReady) return undefined;
        throw error;
      }
    },
    close: async () => reader?.close(),
  };
};
