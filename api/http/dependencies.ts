/** The ports that the HTTP API depends on; tests pass their own implementations. */
import type { Catalog } from '../../domain/kernel/aggregate';
import type { AnyEventDefinition } from '../../domain/kernel/event-definition';
import type { EventStore } from '../../domain/kernel/event-store';
import type { Clock } from '../../infra/clock';
import type { HandleCommand } from '../../infra/commands/command-port';
import type { OperationRequestReader, PatientRequestWriter } from '../../infra/commands/operation-requests';
import type { SnapshotStore } from '../../infra/commands/snapshots';
import type { ApiKey } from '../../infra/configuration';
import type { ConnectionLimits } from './connections';
import type { DeadLetterDirectory } from '../../infra/dead-letters/query/query';
import type { EventFeed } from '../../infra/event-store/event-feed';
import type { FailedRequest } from '../../infra/dead-letters/redrive/redrive';
import type { FlowReport } from '../../infra/flow/findings';
import type { Logger } from '../../infra/logger';
import type { SkipResult, RelayStatus } from '../../infra/relay/state/state';
import type {
  EffectStatus,
  RecordedEffectResult,
  SetAsideEntry,
  SetAsideFilter,
} from '../../infra/reactors/processes/processes';
import type { Metrics } from '../../infra/metrics/registry';
import type { RowExplanation } from '../../projections/engine/inspect/inspect';
import type { Tracer } from '../../infra/tracing/tracer';
import type { GroupStatus, ViewReader } from '../../projections/view-reader';

/** A stage that is not ready, or that an operator should know about. */
export interface ReadinessReason {
  /** `store`, `relay`, or the name of a group. */
  readonly stage: string;
  readonly state: string;
  readonly reason: string;
}

/** Whether the program accepts requests, and the state of each of its parts. */
export interface Readiness {
  readonly ready: boolean;
  /** State of each part, by its name, as text. */
  readonly checks: Readonly<Record<string, string>>;
  /** Why it is not ready. */
  readonly reasons?: ReadonlyArray<ReadinessReason>;
  /** What operators should know although the program is ready. */
  readonly notices?: ReadonlyArray<ReadinessReason>;
}

/** A projection or a process manager, and the events that it handles. */
export interface EventHandler {
  readonly kind: 'projection' | 'process' | 'effect';
  readonly name: string;
  readonly handles: ReadonlyArray<Pick<AnyEventDefinition, 'type'>>;
}

/** Everything that the API needs. */
export interface ApiDependencies {
  readonly catalog: Catalog;
  readonly store: EventStore;
  /** Absent: the state as of a point in time is folded from the stream's first event. */
  readonly snapshots?: SnapshotStore;
  readonly handleCommand: HandleCommand;
  readonly views: ViewReader;
  /** Undefined if the key has neither a row nor an event. */
  readonly explainRow: (projection: string, key: string, signal?: AbortSignal) => Promise<RowExplanation | undefined>;
  /** Undefined if no relay has ever run on this data. */
  readonly relayStatus: () => Promise<RelayStatus | undefined>;
  /** The result of a request to withhold an event; undefined until the relay has picked it up. */
  readonly skipResult?: (requestId: number) => SkipResult | undefined;
  readonly reactorGroups: () => ReadonlyArray<GroupStatus>;
  /** The dead letters of all roles. */
  readonly failures: DeadLetterDirectory;
  /** Every effect of the program. */
  readonly effects: () => ReadonlyArray<EffectStatus>;
  /** The recorded results of an effect's calls, newest first. */
  readonly effectResults: (
    filter: { readonly effect: string; readonly key?: string },
    limit: number,
  ) => ReadonlyArray<RecordedEffectResult>;
  /** Commands and deadlines that the process managers have set aside, newest first. */
  readonly setAside: (filter: SetAsideFilter, limit: number) => ReadonlyArray<SetAsideEntry>;
  /** Requests of operators that could not be carried out, of every role, newest first. */
  readonly failedRequests: (limit: number) => ReadonlyArray<FailedRequest>;
  /** Where operators' requests are written for other roles, and read again until those have picked them up. */
  readonly operationRequests: PatientRequestWriter & OperationRequestReader;
  /** The whole history, for operators who look for what happened. */
  readonly history: Pick<EventFeed, 'readAll' | 'readCorrelated' | 'lastPosition' | 'requestsBefore'>;
  /** Who in this program handles which events. */
  readonly readers: ReadonlyArray<EventHandler>;
  /** The token that this installation's reactors send with their commands; their idempotency keys have their own namespace. */
  readonly reactorToken: () => string;
  /** Empty: no key is required. */
  readonly apiKeys: ReadonlyArray<ApiKey>;
  /** Requests per second and client; 0 for no limit. */
  readonly rateLimitPerSecond: number;
  readonly bodyLimitBytes: number;
  /** Host names that requests may use besides loopback and IP addresses; a Host header with another name is rejected. */
  readonly allowedHosts: ReadonlyArray<string>;
  /** Default: `defaultConnectionLimits`. */
  readonly connections?: Partial<ConnectionLimits>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly readiness: () => Promise<Readiness>;
  /** The flow over the last minute; undefined before the first look. */
  readonly stages: () => Promise<FlowReport | undefined>;
  readonly metrics: Pick<Metrics, 'text' | 'contentType'>;
  /** Absent: no spans are made. */
  readonly tracer?: Tracer;
  /** True from the wish to stop on: nothing new is taken. */
  readonly isShuttingDown: () => boolean;
}
