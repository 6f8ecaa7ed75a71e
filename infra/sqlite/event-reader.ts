/** The store's file as everybody but its writer sees it: read-only, synchronous, in bounded pages. */
import { existsSync } from 'node:fs';
import { isoTime } from '../clock';
import type { OperationKind, OperationRequest } from '../commands/operation-requests';
import { dataVersion, openForReading, refuseNewerSchema, schemaVersion } from './database';
import { eventQueries, type EventQueries } from './event-queries';
import { fileIdentity, FileReplaced } from './file-identity';
import { StoreNotReady, type StoreIdentity } from '../event-store/event-feed';
import { readStoreIdentity } from './store-identity';
import { reactorTokenReader } from './reactor-token';
import { storeMigrations } from './store-migrations';

export interface EventReader extends EventQueries {
  /** Who the store is. */
  readonly identity: StoreIdentity;
  /** Runs reads in one transaction: many small ones then cost a third. */
  readonly inSnapshot: <Result>(work: () => Result) => Result;
  /** Whether the path still leads to the file that is read here: it may have been replaced meanwhile. */
  readonly isInPlace: () => boolean;
  /** Begins a watch of its own; see {@link StoreWatch}. */
  readonly watch: () => StoreWatch;
  readonly operationRequestsAfter: (
    id: number,
    kinds?: ReadonlyArray<OperationKind>,
  ) => ReadonlyArray<OperationRequest>;
  readonly operationRequestsBefore: (id: number) => ReadonlyArray<OperationRequest>;
  /** What this installation's reactors show with their commands. */
  readonly reactorToken: () => string;
  readonly close: () => void;
}

/** One who waits for commits. */
export interface StoreWatch {
  /**
   * Changes whenever the writer commits: look again then, and only then. Throws FileReplaced once where another file has taken
   * the place of the one that was read, and each time while there is none.
   */
  readonly dataVersion: () => number;
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
 * Opens the store for reading. Where another file takes its place, that one is read from then on, if it is the same store;
 * each watch throws once then, so that whoever goes by it begins anew. Every call throws FileReplaced while there is no file,
 * or another store's. Throws StoreNotReady. Throws SchemaTooNew.
 */
export const openEventReader = (file: string): EventReader => {
  let opened = openOnce(file);
  let replacements = 0;
  let isChecked = false;
  const current = (): OpenedReader => {
    // Once a tick: the check costs as much as a read, and records ask for each of themselves.
    if (isChecked) return opened;
    const found = fileIdentity(file);
    if (found !== opened.file) replaceWith(found);
    isChecked = true;
    setImmediate(() => (isChecked = false)).unref();
    return opened;
  };
  const replaceWith = (found: string | undefined): void => {
    if (found === undefined) throw new FileReplaced(`${file} was removed while the program has it open: put it back`);
    const fresh = openOnce(file);
    if (fresh.identity.storeId !== opened.identity.storeId) {
      fresh.close();
      throw new FileReplaced(
        `${file} was replaced by another store (${fresh.identity.storeId}) while the program has ${opened.identity.storeId} open: put that one back, or restart`,
      );
    }
    opened.close();
    opened = fresh;
    replacements += 1;
  };
  const watch = (): StoreWatch => {
    let toldReplacements = replacements;
    return {
      dataVersion: () => {
        // Whoever polls goes by this, and looks anew each time.
        isChecked = false;
        const version = current().dataVersion();
        if (replacements === toldReplacements) return version + replacements * VERSIONS_PER_FILE;
        toldReplacements = replacements;
        throw new FileReplaced(
          `${file} was replaced by another file: what was read from the former one is looked at anew`,
        );
      },
    };
  };
  return {
    get identity() {
      return opened.identity;
    },
    isInPlace: () => fileIdentity(file) === opened.file,
    inSnapshot: (work) => current().inSnapshot(work),
    eventAt: (position) => current().eventAt(position),
    eachIdentity: (range, visit) => current().eachIdentity(range, visit),
    readStream: (stream, page) => current().readStream(stream, page),
    readCorrelated: (ids, range) => current().readCorrelated(ids, range),
    readAll: (page) => current().readAll(page),
    positionOf: (eventId) => current().positionOf(eventId),
    lastPosition: () => current().lastPosition(),
    operationRequestsAfter: (id, kinds) => current().operationRequestsAfter(id, kinds),
    operationRequestsBefore: (id) => current().operationRequestsBefore(id),
    reactorToken: () => current().reactorToken(),
    watch,
    close: () => opened.close(),
  };
};

/** The counters of two files must not be taken for each other. */
const VERSIONS_PER_FILE = 2 ** 32;

interface OpenedReader extends Omit<EventReader, 'isInPlace' | 'watch'> {
  readonly dataVersion: () => number;
  /** Which file it is, as long as it was there. */
  readonly file: string | undefined;
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
    const identity = readStoreIdentity(database);
    if (identity === undefined) {
      throw new StoreNotReady(`${file} has no id yet: start the role that writes it (serve --roles api)`);
    }
    const requests = database.prepare<[number, string | null, string | null, number], RequestRow>(
      `SELECT id, kind, body, requested_at_ms AS requestedAtMs, actor FROM operation_requests
        WHERE id > ? AND (? IS NULL OR kind IN (SELECT value FROM json_each(?))) ORDER BY id LIMIT ?`,
    );
    const earlier = database.prepare<[number, number], RequestRow>(
      `SELECT id, kind, body, requested_at_ms AS requestedAtMs, actor FROM operation_requests
        WHERE id < ? ORDER BY id DESC LIMIT ?`,
    );
    const toRequest = ({ requestedAtMs, ...request }: RequestRow): OperationRequest => ({
      ...request,
      requestedAt: isoTime(requestedAtMs),
    });
    return {
      ...eventQueries(database),
      identity,
      file: fileIdentity(file),
      inSnapshot: (work) => database.transaction(work)(),
      dataVersion: () => dataVersion(database),
      reactorToken: reactorTokenReader(database),
      operationRequestsAfter: (id, kinds) => {
        const named = kinds === undefined ? null : JSON.stringify(kinds);
        return requests.all(Math.max(id, identity.requestFloor), named, named, REQUESTS_PER_READ).map(toRequest);
      },
      operationRequestsBefore: (id) => earlier.all(id, REQUESTS_PER_READ).map(toRequest),
      close: () => void database.close(),
    };
  } catch (error) {
    database.close();
    throw error;
  }
};
