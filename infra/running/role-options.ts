/** What every role but the API is started with. */
import type { Catalog } from '../../domain/kernel/aggregate';
import type { Clock } from '../clock';
import type { GroupObserver } from '../consumption/loop/loop';
import type { EventLog } from '../kafka/event-log';
import type { Logger } from '../logger';

export interface RoleOptions {
  readonly log: EventLog;
  readonly catalog: Catalog;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Ends a start that still waits, for the lease or for the store. */
  readonly signal: AbortSignal;
  /** How long a holder that no longer renews its lease keeps a successor out. */
  readonly leaseTtlMs: number;
  /** Take on topics that are not the ones the role has worked on so far. */
  readonly acceptNewLog: boolean;
  /** Told what the role's consumer groups do; left out: nobody counts. */
  readonly observer?: GroupObserver;
}
