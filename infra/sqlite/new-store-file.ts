/** A store's file that is filled event by event before anybody uses it, as by an import. */
import type { StoredEvent } from '../../domain/kernel/recorded-event';
import type { Clock } from '../clock';
import { checkpointAndClose, openDatabase } from './database';
import { replaceStoreIdentity } from './store-identity';
import { storeMigrations } from './store-migrations';
import { lastPositionIn, storeStatements } from './store-statements';

export interface NewStoreFile {
  /** Runs work in one transaction. */
  readonly write: (work: () => void) => void;
  /** 0 where the stream has no event. */
  readonly lastVersionOf: (stream: string) => number;
  /** Inserts an event as it is, with its position and version. Inside a transaction. */
  readonly insert: (event: StoredEvent, recordedAtMs: number) => void;
  readonly lastPosition: () => number;
  /** Says who the store is from now on. */
  readonly identify: (identity: Parameters<typeof replaceStoreIdentity>[2]) => void;
  /** Closes the file whole, to be put in its place. */
  readonly finish: () => void;
  /** Closes it where it is open. */
  readonly abandon: () => void;
}

/** Makes the file. */
export const createStoreFile = (file: string, clock: Clock): NewStoreFile => {
  const database = openDatabase({ file, synchronous: 'FULL', migrations: storeMigrations });
  const statements = storeStatements(database);
  return {
    write: (work) => database.transaction(work).immediate(),
    lastVersionOf: (stream) => statements.head.get(stream)?.[1] ?? 0,
    insert: (event, recordedAtMs) => {
      const { stream, version, position, type, schemaVersion, correlationId, causationId, actor, traceparent } = event;
      const streamId = statements.head.get(stream)?.[0] ?? Number(statements.insertStream.run(stream).lastInsertRowid);
      statements.insertEvent.run(
        position,
        streamId,
        version,
        type,
        schemaVersion,
        recordedAtMs,
        correlationId,
        causationId,
        actor,
        traceparent ?? null,
        event.payload,
      );
    },
    lastPosition: () => lastPositionIn(database),
    identify: (identity) => void database.transaction(() => replaceStoreIdentity(database, clock, identity))(),
    finish: () => checkpointAndClose(database),
    abandon: () => {
      if (database.open) database.close();
    },
  };
};
