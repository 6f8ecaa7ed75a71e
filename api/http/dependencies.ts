/** What the HTTP API is built on: ports, so that tests can hand it anything that keeps their promises. */
import type { Catalog } from '../../domain/kernel/aggregate';
import type { EventStore } from '../../domain/kernel/event-store';
import type { Clock } from '../../infra/clock';
import type { HandleCommand } from '../../infra/commands/command-port';
import type { OperationRequestReader, PatientRequestWriter } from '../../infra/commands/operation-requests';
import type { SnapshotStore } from '../../infra/commands/snapshots';
import type { ApiKey } from '../../infra/configuration';
import type { ConnectionLimits } from './connections';
import type { DeadLetterDirectory } from '../../infra/dead-letters/query/query';
import type { FailedRequest } from '../../infra/dead-letters/redrive/redrive';
import type { StagesReport } from '../../infra/flow/stage-report';
import type { Logger } from '../../infra/logger';
import type { Metrics } from '../../infra/metrics/registry';
import type { SkipResult, RelayStatus } from '../../infra/relay/state/state';
import type { SetAsideEntry, SetAsideFilter } from '../../infra/reactors/processes/processes';
import type { RowExplanation } from '../../projections/engine/inspect/inspect';
import type { GroupStatus, ViewReader } from '../../projections/view-reader';

/** A stage that stands in the way, or that an operator should know of. */
export interface ReadinessReason {
  /** `store`, `relay`, or the name of a group. */
  readonly stage: string;
  readonly state: string;
  readonly reason: string;
}

/** Whether the program takes requests, and what it says of each of its parts. */
export interface Readiness {
  readonly ready: boolean;
  /** Name of the part to how it stands, for people. */
  readonly checks: Readonly<Record<string, string>>;
  /** Why it is not ready. */
  readonly reasons?: ReadonlyArray<ReadinessReason>;
  /** What does not stand in the way. */
  readonly notices?: ReadonlyArray<ReadinessReason>;
}

/** Everything that the API needs. */
export interface ApiDependencies {
  readonly catalog: Catalog;
  readonly store: EventStore;
  /** Absent: a state as of a moment is folded from the stream's beginning. */
  readonly snapshots?: SnapshotStore;
  readonly handleCommand: HandleCommand;
  readonly views: ViewReader;
  /** Undefined where neither a row nor an event stands behind the key. */
  readonly explainRow: (projection: string, key: string, signal?: AbortSignal) => Promise<RowExplanation | undefined>;
  /** Undefined where no relay has ever run on this data. */
  readonly relayStatus: () => Promise<RelayStatus | undefined>;
  /** How a request to withhold an event went; undefined until the relay has taken it up. */
  readonly skipResult?: (requestId: number) => SkipResult | undefined;
  readonly reactorGroups: () => ReadonlyArray<GroupStatus>;
  /** What failed for good, in every role's file. */
  readonly failures: DeadLetterDirectory;
  /** Commands and deadlines that the process managers have set aside, the newest first. */
  readonly setAside: (filter: SetAsideFilter, limit: number) => ReadonlyArray<SetAsideEntry>;
  /** Requests of operators that could not be carried out, of every role, the newest first. */
  readonly failedRequests: (limit: number) => ReadonlyArray<FailedRequest>;
  /** Where operators' requests are written for other roles, and read again until those have picked them up. */
  readonly operationRequests: PatientRequestWriter & OperationRequestReader;
  /** What this installation's reactors show with their commands; their idempotency keys have a space of their own. */
  readonly reactorToken: () => string;
  /** Empty: no key is asked for. */
  readonly apiKeys: ReadonlyArray<ApiKey>;
  /** Requests a second per client; 0 for no limit. */
  readonly rateLimitPerSecond: number;
  readonly bodyLimitBytes: number;
  /** Names under which the server is asked beside loopback and addresses: a Host header with another one is refused. */
  readonly allowedHosts: ReadonlyArray<string>;
  /** Left out: the limits of `defaultConnectionLimits`. */
  readonly connections?: Partial<ConnectionLimits>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly readiness: () => Promise<Readiness>;
  /** The flow over the last minute; undefined before the first look. */
  readonly stages: () => StagesReport | undefined;
  readonly metrics: Pick<Metrics, 'text' | 'contentType'>;
  /** True from the wish to stop on: nothing new is taken. */
  readonly isShuttingDown: () => boolean;
}
