/** The store's file as everybody but its writer sees it: read-only, synchronous, in bounded pages. */
import { existsSync, statSync } from 'node:fs';
import { isoTime, type Clock } from '../clock';
import type { OperationRequest, OperationRequestReader } from '../commands/operation-requests';
import { dataVersion, openForReading, refuseNewerSchema, schemaVersion } from './database';
import { eventQueries, type EventQueries } from './event-queries';
import { readStoreIdentity, type StoreIdentity } from './store-identity';
import { storeMigrations } from './store-migrations';

export interface EventReader extends EventQueries {
  /** Who the store is. */
  readonly identity: StoreIdentity;
  /** Runs reads in one transaction: many small ones then cost a third. */
  readonly inSnapshot: <Result>(work: () => Result) => Result;
  /** Whether the path still leads to the file that is read here: it may have been replaced meanwhile. */
  readonly isInPlace: () => boolean;
  /** Changes whenever the writer commits: look again then, and only then. */
  readonly dataVersion: () => number;
  readonly operationRequestsAfter: OperationRequestReader['after'];
  readonly close: () => void;
}

/** The file is not there, or its schema is older than this program's: the process that writes it has not started yet. */
export class StoreNotReady extends Error {
  override readonly name = 'StoreNotReady';
}

interface RequestRow {
  readonly id: number;
  readonly kind: OperationRequest['kind'];
  readonly body: string;
  readonly requestedAtMs: number;
  readonly actor: string;
}

const REQUESTS_PER_READ = 100;

/** Opens the store for reading. Throws {@link StoreNotReady}; see {@link waitForStore}. Throws SchemaTooNew. */
export const openEventReader = (file: string): EventReader => {
  if (!existsSync(file)) {
    throw new StoreNotReady(`${file} does not exist: start the role that writes it (serve --roles api)`);
  }
  const database = openForReading(file);
  try {
    refuseNewerSchema(database, storeMigrations);
    const version = schemaVersion(database);
    if (version < storeMigrations.length) {
      throw new StoreNotReady(
        `${file} has schema version ${version}, this program reads ${storeMigrations.length}: start this version's writer (serve --roles api)`,
      );
    }
    const identity = readStoreIdentity(database);
    if (identity === undefined) {
      throw new StoreNotReady(`${file} has no id yet: start the role that writes it (serve --roles api)`);
    }
    const openedInode = inodeOf(file);
    const requests = database.prepare<[number, string | null, string | null, number], RequestRow>(
      `SELECT id, kind, body, requested_at_ms AS requestedAtMs, actor FROM operation_requests
        WHERE id > ? AND (? IS NULL OR kind IN (SELECT value FROM json_each(?))) ORDER BY id LIMIT ?`,
    );
    return {
      ...eventQueries(database),
      identity,
      inSnapshot: (work) => database.transaction(work)(),
      isInPlace: () => inodeOf(file) === openedInode,
      dataVersion: () => dataVersion(database),
      operationRequestsAfter: (id, kinds) => {
        const named = kinds === undefined ? null : JSON.stringify(kinds);
        return requests
          .all(Math.max(id, identity.requestFloor), named, named, REQUESTS_PER_READ)
          .map(({ requestedAtMs, ...request }) => ({
            ...request,
            requestedAt: isoTime(requestedAtMs),
          }));
      },
      close: () => void database.close(),
    };
  } catch (error) {
    database.close();
    throw error;
  }
};

const inodeOf = (file: string): number | undefined => statSync(file, { throwIfNoEntry: false })?.ino;

const POLL_MS = 100;

/**
 * Waits until the store's writer has made the file and brought its schema up to date. True when it can be opened, false
 * when the signal aborted first. Rejects where waiting would not help (a newer schema, not a database).
 */
export const waitForStore = async (file: string, clock: Clock, signal?: AbortSignal): Promise<boolean> => {
  while (signal?.aborted !== true) {
    try {
      openEventReader(file).close();
      return true;
    } catch (error) {
      if (!(error instanceof StoreNotReady)) throw error;
    }
    await clock.sleep(POLL_MS, signal);
  }
  return false;
};
