/** Which rows have changed, as their keys in a bounded list: found by reading all of them again and comparing digests. */
import { createHash } from 'node:crypto';
import { setImmediate as nextTick } from 'node:timers/promises';
import type { ViewDescription, ViewRow } from '../../projections/view-reader';

/** Rows that can be followed at once; each costs some bytes, and a look at every change. */
export const MAX_ROWS = 20_000;
/** Changes that are kept for followers that come back. */
const MAX_CHANGES = 20_000;

/** Reads the rows, page by page. */
export type Scan = () => Iterable<ReadonlyArray<ViewRow>>;

/** The changes of some rows, counted from the first look. */
export interface RowChanges {
  /** Reads the rows, and notes what has changed since the last look. */
  readonly look: () => Promise<void>;
  readonly hasLooked: () => boolean;
  /** Whether there are more rows than can be followed. */
  readonly isTooLarge: () => boolean;
  /** The number of the first change that is kept, and the number after the last one. */
  readonly begin: () => number;
  readonly end: () => number;
  /** The key of the row that changed; undefined where that is not kept any more. */
  readonly keyAt: (change: number) => string | undefined;
  /** The keys of all rows at the last look. */
  readonly keys: () => ReadonlyArray<string>;
  /** Whether the row was there at the last look. */
  readonly has: (key: string) => boolean;
}

/** Knows nothing before the first look. */
export const openRowChanges = (view: ViewDescription, scan: Scan): RowChanges => {
  let digests: ReadonlyMap<string, string> = new Map();
  const changes: string[] = [];
  let begin = 0;
  let hasLooked = false;
  let isTooLarge = false;

  const note = (found: ReadonlyMap<string, string>): void => {
    if (hasLooked) {
      for (const [key, digest] of found) if (digests.get(key) !== digest) changes.push(key);
      for (const key of digests.keys()) if (!found.has(key)) changes.push(key);
    }
    digests = found;
    const surplus = Math.max(0, changes.length - MAX_CHANGES);
    changes.splice(0, surplus);
    begin += surplus;
  };
  return {
    look: async () => {
      const found = await digestsOf(view, scan);
      isTooLarge = found === undefined;
      if (found !== undefined) note(found);
      hasLooked = true;
    },
    hasLooked: () => hasLooked,
    isTooLarge: () => isTooLarge,
    begin: () => begin,
    end: () => begin + changes.length,
    keyAt: (change) => changes[change - begin],
    keys: () => [...digests.keys()],
    has: (key) => digests.has(key),
  };
};

/** The digest of each row; undefined where there are too many. */
const digestsOf = async (view: ViewDescription, scan: Scan): Promise<ReadonlyMap<string, string> | undefined> => {
  const digests = new Map<string, string>();
  for (const page of scan()) {
    for (const row of page) digests.set(keyOf(view, row), digestOf(row));
    if (digests.size > MAX_ROWS) return undefined;
    await nextTick();
  }
  return digests;
};

/** As in a URL. */
const keyOf = ({ key }: ViewDescription, row: ViewRow): string => key.map((column) => String(row[column])).join(':');

const digestOf = (row: ViewRow): string => createHash('sha1').update(JSON.stringify(row)).digest('base64');
