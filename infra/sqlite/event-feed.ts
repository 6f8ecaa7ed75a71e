/**
 * The event feed of a store in SQLite: the file as everybody but its writer reads it, in bounded pages. The reader is
 * synchronous and stays behind the asynchronous port. This is the one place that polls for commits.
 */
import { existsSync } from 'node:fs';
import { systemClock } from '../clock';
import { dataVersion, openForReading, refuseNewerSchema, schemaVersion } from './database';
import { eventQueries, type EventQueries } from './event-queries';
import { fileIdentity, FileReplaced } from './file-identity';
import {
  StoreNotReady,
  type ChangeQuery,
  type EventFeed,
  type StoredAttributes,
  type StoredIdentity,
  type StoreIdentity,
} from '../event-store/event-feed';
import { requestQueries, type RequestQueries } from './request-queries';
import { readStoreIdentity } from './store-identity';
import { reactorTokenReader } from './reactor-token';
import { storeMigrations } from './store-migrations';

/** Opens the file for reading; rejects with what {@link openEventReader} throws. */
export const openEventFeed = async (file: string): Promise<EventFeed> => {
  const reader = await Promise.resolve(openEventReader(file));
  return feedOfReader(reader, (query) => changesOf(reader, query));
};

/** A synchronous reader behind the asynchronous port; `changes` is how its owner learns of commits. */
export const feedOfReader = (reader: EventReader, changes: EventFeed['changes']): EventFeed => ({
  get identity() {
    return reader.identity;
  },
  readAll: async (page) => Promise.resolve(reader.readAll(page)),
  readStream: async (stream, page) => Promise.resolve(reader.readStream(stream, page)),
  readCorrelated: async (ids, range) => Promise.resolve(reader.readCorrelated(ids, range)),
  identities: async (range) => {
    const found: StoredIdentity[] = [];
    reader.eachIdentity(range, (event) => void found.push(event));
    return Promise.resolve(found);
  },
  attributesAt: async (positions) => {
    const found = new Map<number, StoredAttributes>();
    reader.inSnapshot(() => {
      for (const position of positions) {
        const attributes = reader.eventAt(position);
        if (attributes !== undefined) found.set(position, attributes);
      }
    });
    return Promise.resolve(found);
  },
  lastPosition: async () => Promise.resolve(reader.lastPosition()),
  positionOf: async (eventId) => Promise.resolve(reader.positionOf(eventId)),
  requestsAfter: async (id, kinds) => Promise.resolve(reader.operationRequestsAfter(id, kinds)),
  requestsBefore: async (id) => Promise.resolve(reader.operationRequestsBefore(id)),
  reactorToken: async () => Promise.resolve(reader.reactorToken()),
  isInPlace: async () => Promise.resolve(reader.isInPlace()),
  changes,
  close: async () => {
    reader.close();
    return Promise.resolve();
  },
});

/** A look costs some microseconds. */
async function* changesOf(reader: EventReader, { signal, withinMs }: ChangeQuery): AsyncGenerator<void, void, void> {
  const { dataVersion } = reader.watch();
  let seen: number | undefined;
  while (!signal.aborted) {
    const version = dataVersion();
    if (version !== seen) {
      seen = version;
      yield;
    }
    // Real time, whatever clock the roles go by: it is the file that is looked at.
    await systemClock.sleep(withinMs, signal);
  }
}

// -------------------------------------------------------------------------------------
// The reader behind it
// -------------------------------------------------------------------------------------

export interface EventReader extends EventQueries, RequestQueries {
  /** Who the store is. */
  readonly identity: StoreIdentity;
  /** Runs reads in one transaction: many small ones then cost a third. */
  readonly inSnapshot: <Result>(work: () => Result) => Result;
  /** Whether the path still leads to the file that is read here: it may have been replaced meanwhile. */
  readonly isInPlace: () => boolean;
  /** Begins a watch of its own; see {@link StoreWatch}. */
  readonly watch: () => StoreWatch;
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
    return {
      ...eventQueries(database),
      ...requestQueries(database, identity.requestFloor),
      identity,
      file: fileIdentity(file),
      inSnapshot: (work) => database.transaction(work)(),
      dataVersion: () => dataVersion(database),
      reactorToken: reactorTokenReader(database),
      close: () => void database.close(),
    };
  } catch (error) {
    database.close();
    throw error;
  }
};
