/** A group's checkpoints, and the events before them that it has not applied. */
import type { Checkpoint } from '../../../infra/consumption/checkpoints/checkpoints';
import type { PassedEvents } from '../../../infra/dead-letters/query/query';
import { checkpointsOf, passedEvents } from '../../../infra/sqlite/consumer-file/consumer-file';
import type { Database } from '../../../infra/sqlite/database';

export interface GroupProgress {
  readonly checkpoints: ReadonlyArray<Checkpoint>;
  readonly passed: PassedEvents;
}

/** Reads the current progress; works on a read-only connection too. */
export const groupProgress = (database: Database, group: string): GroupProgress => ({
  checkpoints: checkpointsOf(database).read(group),
  passed: passedEvents(database, group),
});
