/**
 * Logging of what a handler threw: it is stored with the dead letter in one transaction, and logged by the role's loop after the
 * commit. So there is one log entry for each failure, however often its batch was retried, bisected or rolled back.
 */
import type { Logger } from '../../logger';
import type { TopicPartition } from '../../topic-partition';

/** The log entry of a failure. */
export interface LoggedDefect extends TopicPartition {
  readonly id: number;
  readonly group: string;
  /** Null where the record is not an event; so are the two ids after it. */
  readonly eventId: string | null;
  readonly correlationId: string | null;
  readonly causationId: string | null;
  readonly offset: number;
  readonly reason: string;
  readonly stack: string | null;
}

export interface DefectLog {
  /** The ones that are not logged yet, oldest first. */
  readonly waiting: (limit: number) => ReadonlyArray<LoggedDefect>;
  /** Belongs inside the caller's transaction. */
  readonly done: (ids: ReadonlyArray<number>) => void;
}

/** The calls of the loop to the writer of the file. */
export interface DefectCalls {
  readonly defectsWaiting: (limit: number) => Promise<ReadonlyArray<LoggedDefect>>;
  readonly defectsDone: (ids: ReadonlyArray<number>) => Promise<void>;
}

const DEFECTS_PER_STEP = 100;

/** Logs all pending failures. Where the process is killed in between, some are logged twice. */
export const logDefects = async (calls: DefectCalls, logger: Logger): Promise<void> => {
  for (;;) {
    const defects = await calls.defectsWaiting(DEFECTS_PER_STEP);
    if (defects.length === 0) return;
    for (const { id, group, ...defect } of defects) {
      logger.error({ group, deadLetter: `${group}:${id}`, ...defect }, 'a handler threw: the event is dead-lettered');
    }
    await calls.defectsDone(defects.map(({ id }) => id));
  }
};
