/** The store's file as everybody but its writer sees it: read-only, synchronous, in bounded pages. */
import { existsSync } from 'node:fs';
import { isoTime, type Clock } from '../clock';
import type { OperationRequest, OperationRequestReader } from '../commands/operation-requests';
import { dataVersion, openForReading, refuseNewerSchema, schemaVersion } from './database';
import { eventQueries, type EventQueries } from './event-queries';
import { fileIdentity, FileReplaced } from './file-identity';
import { storeMigrations } from './store-migrations';

export interface EventReader extends EventQueries {
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

/**
 * Opens the store for reading. Where another file takes the store's place, it is read from then on; `dataVersion` throws once
 * then, so that whoever goes by it begins anew, and every call throws while there is no file. Throws {@link StoreNotReady}; see
 * {@link waitForStore}. Throws SchemaTooNew.
 */
export const openEventReader = (file: string): EventReader => {
  let opened = openOnce(file);
  let replacements = 0;
  let toldReplacements = 0;
  const current = (): OpenedReader => {
    const identity = fileIdentity(file);
    if (identity === opened.identity) return opened;
    if (identity === undefined)
      throw new FileReplaced(`${file} was removed while the program has it open: put it back`);
    const fresh = openOnce(file);
    opened.close();
    opened = fresh;
    replacements += 1;
    return opened;
  };
  return {
    readStream: (stream, page) => current().readStream(stream, page),
    readCorrelated: (ids, range) => current().readCorrelated(ids, range),
    readAll: (page) => current().readAll(page),
    positionOf: (eventId) => current().positionOf(eventId),
    lastPosition: () => current().lastPosition(),
    operationRequestsAfter: (id, kinds) => current().operationRequestsAfter(id, kinds),
    dataVersion: () => {
      const version = current().dataVersion();
      if (replacements === toldReplacements) return version + replacements * VERSIONS_PER_FILE;
      toldReplacements = replacements;
      throw new FileReplaced(
        `${file} was replaced by another file: what was read from the former one is looked at anew`,
      );
    },
    close: () => opened.close(),
  };
};

/** The counters of two files must not be taken for each other. */
const VERSIONS_PER_FILE = 2 ** 32;

interface OpenedReader extends EventReader {
  readonly identity: string | undefined;
}

const openOnce = (file: string): OpenedReader => {
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
    const requests = database.prepare<[number, string | null, string | null, number], RequestRow>(
      `SELECT id, kind, body, requested_at_ms AS requestedAtMs, actor FROM operation_requests
        WHERE id > ? AND (? IS NULL OR kind IN (SELECT value FROM json_each(?))) ORDER BY id LIMIT ?`,
    );
    return {
      ...eventQueries(database),
      identity: fileIdentity(file),
      dataVersion: () => dataVersion(database),
      operationRequestsAfter: (id, kinds) => {
        const named = kinds === undefined ? null : JSON.stringify(kinds);
        return requests.all(id, named, named, REQUESTS_PER_READ).map(({ requestedAtMs, ...request }) => ({
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
