/** The store as a file of JSON lines, each a CloudEvent in structured mode: written from a store, and read into an empty one. */
import { renameSync, rmSync } from 'node:fs';
import * as E from 'fp-ts/Either';
import { aggregateIdOf, type StoredEvent } from '../../domain/kernel/recorded-event';
import type { Clock } from '../clock';
import { TIME_WITH_ZONE, timeMsOf } from '../../domain/kernel/time-text';
import { importCheck, type ImportCheckOptions } from './import-check';
import { readCloudEvent } from '../kafka/cloud-events';
import { MAX_EVENT_RECORD_BYTES, recordBytesOf } from '../record-limit';
import { STRUCTURED_HEADERS } from '../kafka/record-headers';
import { createStoreFile, type NewStoreFile } from '../sqlite/new-store-file';
import { closeLeased, openUnusedDatabase } from '../sqlite/leased-database';
import { lastPositionIn } from '../sqlite/store-statements';
import { storeMigrations } from '../sqlite/store-migrations';

/** The file can't be taken in; nothing was changed. */
export class ImportRefused extends Error {
  override readonly name = 'ImportRefused';
}

// -------------------------------------------------------------------------------------
// Reading lines
// -------------------------------------------------------------------------------------

/** How the engine's own lines go on behind the attributes; inside of a JSON text the quotes would be escaped. */
const DATA_MARK = ',"data":';

interface Line {
  readonly event: StoredEvent;
  /** The store that it names. */
  readonly storeId: unknown;
}

const readLine = (line: string): E.Either<string, Line> => {
  const received = readCloudEvent({ value: Buffer.from(line), headers: STRUCTURED_HEADERS });
  if (E.isLeft(received)) return received;
  const { envelope, data, claims } = received.right;
  const payload = JSON.stringify(data);
  const from = line.indexOf(DATA_MARK) + DATA_MARK.length;
  const spliced = line.endsWith('}') ? line.slice(from, -1) : '';
  // As it was written, where that is what the line ends with; otherwise the same JSON in short.
  const event = { ...envelope, payload: isSameJson(spliced, payload) ? spliced : payload };
  return E.right({ event, storeId: claims.storeId });
};

const isSameJson = (text: string, json: string): boolean => {
  if (text === json) return true;
  try {
    return JSON.stringify(JSON.parse(text)) === json;
  } catch {
    return false;
  }
};

// -------------------------------------------------------------------------------------
// Writing them into a store
// -------------------------------------------------------------------------------------

export interface ImportOptions {
  /** The store; it must not exist, or hold no event. */
  readonly file: string;
  readonly lines: AsyncIterable<string>;
  readonly clock: Clock;
  readonly leaseTtlMs: number;
  /** The installation moves: the store keeps the id that the lines name. Otherwise it is a copy, with an id of its own. */
  readonly keepStoreId?: boolean;
  readonly onProgress: (events: number) => void;
  /** What the file is held to. */
  readonly check: ImportCheckOptions;
}

/** What an import has taken in. */
export interface Imported {
  readonly events: number;
  /** Kinds of events that the program does not know, each with how many there are. */
  readonly unknown: ReadonlyArray<string>;
  /** The store that the file was exported from, where it says so. */
  readonly storeId?: string;
}

interface EventLine {
  readonly event: StoredEvent;
  /** The number of its line, for people. */
  readonly line: number;
}

const refuse = (reason: string): never => {
  throw new ImportRefused(`${reason}; nothing was taken in`);
};

const EVENTS_PER_TRANSACTION = 5_000;

/**
 * Fills an empty store. All of it or nothing: the events go into a file beside, which
 * takes the store's place once it is whole. Throws {@link ImportRefused}.
 */
export const importEvents = async (options: ImportOptions): Promise<Imported> => {
  const { file, lines, onProgress } = options;
  await refuseFilled(options);
  const unfinished = `${file}.importing`;
  removeDatabase(unfinished);
  const store = createStoreFile(unfinished, options.clock);
  try {
    const write = eventWriter(store);
    const ids = new Set<unknown>();
    const check = importCheck(options.check, refuse);
    let page: EventLine[] = [];
    let line = 0;
    let events = 0;
    const flush = (): void => {
      write(page);
      page = [];
      onProgress(events);
    };
    for await (const text of lines) {
      line += 1;
      if (text.trim() === '' || !check.isEventLine(text, line)) continue;
      const read = readLine(text);
      if (E.isLeft(read)) return refuse(`line ${line}: ${read.left}`);
      const { event, storeId } = read.right;
      ids.add(storeId);
      check.seen(event, line);
      events += 1;
      page.push({ event, line });
      if (page.length >= EVENTS_PER_TRANSACTION) flush();
    }
    flush();
    const found = check.end();
    identify(store, options, ids);
    store.finish();
    await refuseFilled(options);
    removeDatabase(file);
    renameSync(unfinished, file);
    return { events, ...found };
  } catch (error) {
    store.abandon();
    removeDatabase(unfinished);
    throw error;
  }
};

/** Who the store is that was filled. Records without an id are its own only where it keeps the one of the lines. */
const identify = (store: NewStoreFile, { keepStoreId }: ImportOptions, ids: ReadonlySet<unknown>): void => {
  const [storeId] = [...ids];
  if (keepStoreId !== true) {
    const reason = typeof storeId === 'string' ? `imported as a copy of ${storeId}` : 'imported as a copy';
    store.identify({ unnamedUntilPosition: 0, reason, actor: IMPORT });
    return;
  }
  if (ids.size !== 1 || typeof storeId !== 'string' || storeId === '') {
    throw new ImportRefused(`--keep-store-id: the lines name ${ids.size === 1 ? 'no store' : `${ids.size} stores`}`);
  }
  const unnamedUntilPosition = store.lastPosition();
  const reason = 'imported as this installation, which moved';
  store.identify({ storeId, unnamedUntilPosition, reason, actor: IMPORT });
};

const IMPORT = 'tidemark import';

const removeDatabase = (file: string): void => {
  for (const suffix of ['', '-wal', '-shm']) rmSync(`${file}${suffix}`, { force: true });
};

/** As the file's one writer: a program that runs on it, or events in it, are reasons not to touch it. */
const refuseFilled = async ({ file, clock, leaseTtlMs }: ImportOptions): Promise<void> => {
  const opened = await openUnusedDatabase(
    { file, synchronous: 'FULL', migrations: storeMigrations, clock, ttlMs: leaseTtlMs },
    () => new ImportRefused(`${file} is in use: stop the program that runs on it first`),
  );
  const last = lastPositionIn(opened.database);
  closeLeased(opened);
  if (last > 0) {
    throw new ImportRefused(
      `${file} holds ${last} events: import into an empty data directory (DATA_DIR), or move it away`,
    );
  }
};

/** Writes pages, each in one transaction; positions and versions have to go on without gaps. */
const eventWriter = (store: NewStoreFile) => {
  let lastPosition = 0;
  const writeOne = ({ event, line }: EventLine): void => {
    const { stream, version, position } = event;
    if (position !== lastPosition + 1) {
      refuse(`line ${line}: position ${position} comes after ${lastPosition}; positions have no gaps`);
    }
    const lastVersion = store.lastVersionOf(stream);
    if (version !== lastVersion + 1) {
      refuse(`line ${line}: ${stream} goes on with version ${version} after ${lastVersion}`);
    }
    if (aggregateIdOf(stream) === '' || !stream.includes('-'))
      refuse(`line ${line}: '${stream}' is not a stream's name; it takes <category>-<id>`);
    const sizeBytes = recordBytesOf(event, event);
    if (sizeBytes > MAX_EVENT_RECORD_BYTES) {
      refuse(
        `line ${line}: ${event.id} makes a record of ${sizeBytes} bytes, more than the ${MAX_EVENT_RECORD_BYTES} that can be published`,
      );
    }
    const recordedAtMs =
      timeMsOf(event.recordedAt) ??
      refuse(`line ${line}: 'time' is '${event.recordedAt}'; it takes a ${TIME_WITH_ZONE}`);
    store.insert(event, recordedAtMs);
    lastPosition = position;
  };
  return (page: ReadonlyArray<EventLine>): void => store.write(() => page.forEach(writeOne));
};
