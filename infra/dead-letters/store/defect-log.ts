/**
 * What a handler threw, on its way to the log of the process: marked with the dead letter in one transaction, and logged by
 * the role's loop after it. So there is one line for each failure, however often its batch was tried, halved or rolled back.
 */
import type { Logger } from '../../logger';
import type { Database, Migration } from '../../sqlite/database';

/** A step for the file of a consumer, after the dead letters' own. */
export const deadLetterStacksMigration: Migration = {
  name: 'stacks of dead letters',
  sql: `-- What the handler threw, with its stack; null where nothing was thrown, and for those from before this step.
        ALTER TABLE dead_letters ADD COLUMN stack TEXT;
        -- 0 where the failure has not been logged yet.
        ALTER TABLE dead_letters ADD COLUMN logged INTEGER NOT NULL DEFAULT 1;
        CREATE INDEX dead_letters_to_log ON dead_letters (id) WHERE logged = 0;`,
};

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

/** Prepares the statements on a file that has the migration. */
export const defectLog = (database: Database): DefectLog => {
  const waiting = database.prepare<[number], LoggedDefect>(
    `SELECT id, consumer AS "group", event_id AS eventId, topic, "partition", "offset", reason, stack
       FROM dead_letters WHERE logged = 0 ORDER BY id LIMIT ?`,
  );
  const done = database.prepare<[number]>('UPDATE dead_letters SET logged = 1 WHERE id = ?');
  return {
    waiting: (limit) => waiting.all(limit),
    done: (ids) => {
      for (const id of ids) done.run(id);
    },
  };
};

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
