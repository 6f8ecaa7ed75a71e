/** What a rebuild is run with, and how it may end. */
import type { Clock } from '../../../infra/clock';
import type { EventLog } from '../../../infra/kafka/event-log';
import type { Logger } from '../../../infra/logger';
import type { OpenRebuild } from '../generations/generations';
import type { RebuildReading } from './sources';
import type { ViewsClient } from '../writer-thread/writer-thread';

/** How a run ended; a stopped one is taken up again at the next start, a waiting one when a person has spoken. */
export type RebuildEnd = 'done' | 'failed' | 'stopped' | 'waiting';

/** One rebuild of a pass. */
export interface RebuildTask {
  readonly rebuild: OpenRebuild;
  /** The version of the projection whose rows are served now; a rebuild to another version makes other rows. */
  readonly isOtherVersion: boolean;
  readonly topics: ReadonlyArray<string>;
  /** Stops this one, and leaves the others of its pass alone. */
  readonly signal: AbortSignal;
  /** Runs the work while the group that serves the projection stands still. */
  readonly pausedWhile: <Result>(work: () => Promise<Result>) => Promise<Result>;
}

/** What all of them run on. */
export interface RebuildContext {
  readonly client: ViewsClient;
  readonly log: EventLog;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A task that has begun. */
export interface BegunTask extends RebuildTask {
  readonly reading: RebuildReading;
}
