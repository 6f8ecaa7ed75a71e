/** The inputs of a rebuild, and how it may end. */
import type { Clock } from '../../../infra/clock';
import type { EventLog } from '../../../infra/kafka/event-log';
import type { Logger } from '../../../infra/logger';
import type { OpenRebuild } from '../generations/generations';
import type { RebuildReading } from './sources';
import type { ViewsClient } from '../writer-thread/writer-thread';

/** How a run ended; a stopped one is resumed at the next start, a waiting one after an operator's decision. */
export type RebuildEnd = 'done' | 'failed' | 'stopped' | 'waiting';

/** One rebuild of a pass. */
export interface RebuildTask {
  readonly rebuild: OpenRebuild;
  /** Whether the served rows are of another version of the projection, so that the rebuilt rows are expected to differ. */
  readonly isOtherVersion: boolean;
  readonly topics: ReadonlyArray<string>;
  /** Stops this rebuild, but not the others of its pass. */
  readonly signal: AbortSignal;
  /** Runs the work while the projection's group is paused. */
  readonly pausedWhile: <Result>(work: () => Promise<Result>) => Promise<Result>;
}

/** What all rebuilds share. */
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
