/** The options of every role except the API. */
import type { Catalog } from '../../domain/kernel/aggregate';
import type { Clock } from '../clock';
import type { GroupObserver } from '../consumption/status/status';
import type { EventLog } from '../kafka/event-log';
import type { Logger } from '../logger';
import type { Tracer } from '../tracing/tracer';

export interface RoleOptions {
  readonly log: EventLog;
  readonly catalog: Catalog;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Stops the role, also while its start waits for the lease or for the store. */
  readonly signal: AbortSignal;
  /** How long after its last renewal a lease expires. */
  readonly leaseTtlMs: number;
  /** Accept topics other than the ones that the role has worked on so far. */
  readonly acceptNewLog: boolean;
  /** The topic of the heartbeats; absent where there are none. */
  readonly heartbeatTopic?: string | undefined;
  /** Receives what the role's consumer groups do, for metrics. */
  readonly observer?: GroupObserver;
  /** Absent: no spans are made. */
  readonly tracer?: Tracer;
}
