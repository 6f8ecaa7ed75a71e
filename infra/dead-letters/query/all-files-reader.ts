/** The dead letters of all roles' files in one list, for operators, readable from any process. */
import type { FailedRequest } from '../redrive/redrive';
import {
  parseDeadLetterId,
  type DeadLetter,
  type DeadLetterDetail,
  type DeadLetterReader,
  type DeadLetterCount,
  type DeadLetterFilter,
  type RedriveStatus,
} from './dead-letters-reader';

/** A file and the groups whose dead letters it holds. */
export interface DeadLetterSource {
  readonly groups: ReadonlyArray<string>;
  /** Reads the current file; returns `otherwise` where the role has not created or migrated it yet. */
  readonly read: <Result>(otherwise: Result, read: (file: DeadLetterFileReader) => Result) => Result;
}

/** The queries on one file. */
export interface DeadLetterFileReader extends DeadLetterReader {
  /** The newest first. */
  readonly failedRequests: (limit: number) => ReadonlyArray<FailedRequest>;
}

export interface DeadLetterPage {
  readonly items: ReadonlyArray<DeadLetter>;
  /** Absent at the end. */
  readonly nextCursor?: string;
}

export interface DeadLetterDirectory {
  readonly groups: ReadonlyArray<string>;
  /** The newest first. Undefined where the cursor is not one of an earlier page. */
  readonly list: (
    filter: DeadLetterFilter,
    page: { readonly limit: number; readonly cursor?: string },
  ) => DeadLetterPage | undefined;
  readonly find: (id: string) => DeadLetterDetail | undefined;
  readonly select: DeadLetterReader['select'];
  readonly redrive: (id: number) => RedriveStatus | undefined;
  readonly counts: () => ReadonlyArray<DeadLetterCount>;
  /** Operators' requests that could not be carried out, the newest first; each once, even where several roles recorded it. */
  readonly failedRequests: (limit: number) => ReadonlyArray<FailedRequest>;
}

/** Combines the files; each call reads them again. */
export const deadLetterDirectory = (sources: ReadonlyArray<DeadLetterSource>): DeadLetterDirectory => {
  const inFileOf = <Result>(group: string, otherwise: Result, read: (reader: DeadLetterReader) => Result): Result => {
    const source = sources.find(({ groups }) => groups.includes(group));
    return source === undefined ? otherwise : source.read(otherwise, read);
  };
  return {
    groups: sources.flatMap(({ groups }) => groups),
    list: (filter, { limit, cursor }) => {
      const from = cursor === undefined ? sources.map(() => Number.MAX_SAFE_INTEGER) : placesOf(cursor, sources.length);
      if (from === undefined) return undefined;
      const found = sources.flatMap((source, index) =>
        source
          .read<ReadonlyArray<DeadLetter>>([], (reader) =>
            reader.list(filter, { before: from[index] ?? 0, limit: limit + 1 }),
          )
          .map((letter) => ({ letter, index })),
      );
      found.sort((left, right) => (left.letter.firstFailedAt < right.letter.firstFailedAt ? 1 : -1));
      const items = found.slice(0, limit);
      if (found.length <= limit) return { items: items.map(({ letter }) => letter) };
      const next = from.map((before, index) =>
        Math.min(before, ...items.filter((each) => each.index === index).map(({ letter }) => numberOf(letter))),
      );
      return { items: items.map(({ letter }) => letter), nextCursor: cursorOf(next) };
    },
    find: (id) => {
      const parsed = parseDeadLetterId(id);
      if (parsed === undefined) return undefined;
      return inFileOf<DeadLetterDetail | undefined>(parsed.group, undefined, (reader) =>
        reader.find(parsed.group, parsed.letter),
      );
    },
    select: (group, filter) => inFileOf(group, NOTHING_SELECTED, (reader) => reader.select(group, filter)),
    redrive: (id) => {
      for (const source of sources) {
        const status = source.read<RedriveStatus | undefined>(undefined, (reader) => reader.redrive(id));
        if (status !== undefined) return status;
      }
      return undefined;
    },
    failedRequests: (limit) => {
      const all = sources.flatMap((source) =>
        source.read<ReadonlyArray<FailedRequest>>([], (reader) => reader.failedRequests(limit)),
      );
      return [...new Map(all.map((each) => [each.id, each])).values()]
        .sort((left, right) => right.id - left.id)
        .slice(0, limit);
    },
    counts: () =>
      sources.flatMap((source) => source.read<ReadonlyArray<DeadLetterCount>>([], (reader) => reader.counts())),
  };
};

const NOTHING_SELECTED: ReturnType<DeadLetterReader['select']> = {
  letters: [],
  preview: { keys: 0, events: 0, classes: {}, fingerprints: {}, schemaVersions: {}, oldest: null, notRedrivable: 0 },
};

const numberOf = ({ id }: DeadLetter): number => parseDeadLetterId(id)?.letter ?? 0;

const cursorOf = (places: ReadonlyArray<number>): string => Buffer.from(places.join(',')).toString('base64url');

const placesOf = (cursor: string, count: number): ReadonlyArray<number> | undefined => {
  const places = Buffer.from(cursor, 'base64url').toString('utf8').split(',').map(Number);
  return places.length === count && places.every(Number.isSafeInteger) && cursorOf(places) === cursor
    ? places
    : undefined;
};
