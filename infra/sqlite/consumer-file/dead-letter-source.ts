/** A role's file as operators read it, from whichever process answers them. */
import { existsSync } from 'node:fs';
import type { DeadLetterSource } from '../../dead-letters/query/query';
import { openForReading, schemaVersion } from '../database';
import { deadLetterReader } from './dead-letters-reader';
import { readFailedRequests } from './failed-requests';

export interface DeadLetterFile {
  readonly file: string;
  readonly groups: ReadonlyArray<string>;
  /** The schema's version that this program reads: the file of a role that has not started yet has none. */
  readonly schemaVersion: number;
}

/** Looks into the file whenever it is asked. */
export const deadLetterSource = ({ file, groups, schemaVersion: wanted }: DeadLetterFile): DeadLetterSource => ({
  groups,
  read: (otherwise, read) => {
    if (!existsSync(file)) return otherwise;
    const database = openForReading(file);
    try {
      if (schemaVersion(database) !== wanted) return otherwise;
      return read({
        ...deadLetterReader(database),
        failedRequests: (limit) => readFailedRequests(database, limit),
      });
    } finally {
      database.close();
    }
  },
});
