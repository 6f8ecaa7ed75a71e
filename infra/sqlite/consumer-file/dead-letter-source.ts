/** The queries for operators on a role's file, from any process. */
import { existsSync } from 'node:fs';
import type { DeadLetterSource } from '../../dead-letters/query/query';
import { openForReading, schemaVersion } from '../database';
import { deadLetterReader } from './dead-letters-reader';
import { readFailedRequests } from './failed-requests';

export interface DeadLetterFile {
  readonly file: string;
  readonly groups: ReadonlyArray<string>;
  /** The schema version that this program reads; the file of a role that has not started since an upgrade has an older one. */
  readonly schemaVersion: number;
}

/** Makes the source of one file; each read opens the file again. */
export const deadLetterSource = ({ file, groups, schemaVersion: expected }: DeadLetterFile): DeadLetterSource => ({
  groups,
  read: (otherwise, read) => {
    if (!existsSync(file)) return otherwise;
    const database = openForReading(file);
    try {
      if (schemaVersion(database) !== expected) return otherwise;
      return read({
        ...deadLetterReader(database),
        failedRequests: (limit) => readFailedRequests(database, limit),
      });
    } finally {
      database.close();
    }
  },
});
