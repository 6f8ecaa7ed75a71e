/**
 * What a handler threw, on its way to the log of the process: marked with the dead letter in one transaction, and logged by
 * the role's loop after it. So there is one line for each failure, however often its batch was tried, halved or rolled back.
 */
import type { Logger } from '../../logger';

/** A failure as it is logged. */
export interface LoggedDefect {
  readonly id: number;
  readonly group: string;
  readonly eventId: string | null;
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly reason: string;
  readonly stack: string | null;
}

export interface DefectLog {
  /** Those that are not logged yet, oldest first. */
  readonly waiting: (limit: number) => ReadonlyArray<LoggedDefect>;
  /** Belongs inside the caller's transaction. */
  readonly done: (ids: ReadonlyArray<number>) => void;
}

/** What the loop asks of whoever writes the file. */
export interface DefectCalls {
  readonly defectsWaiting: (limit: number) => Promise<ReadonlyArray<LoggedDefect>>;
  readonly defectsDone: (ids: ReadonlyArray<number>) => Promise<void>;
}

const DEFECTS_PER_STEP = 100;

/** Logs everything that waits. A process that is killed in between says it again. */
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
