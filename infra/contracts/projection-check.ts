/** Checks that projections still make the rows that were agreed under their version: the same columns and references. */
import type { LockedProjection } from './contract-lock';
import type { Finding } from './finding';
import { ACCEPT } from './finding-lines';

/** A projection by name, as the lock records it. */
export type PresentProjections = Readonly<Record<string, LockedProjection>>;

/** Compares every projection with the lock; nothing where the lock is of a release that recorded none. */
export const projectionFindings = (
  present: PresentProjections,
  locked: PresentProjections | undefined,
): ReadonlyArray<Finding> =>
  locked === undefined
    ? []
    : Object.keys({ ...locked, ...present }).flatMap((name) => findingOf(name, locked[name], present[name]));

const findingOf = (
  name: string,
  was: LockedProjection | undefined,
  is: LockedProjection | undefined,
): ReadonlyArray<Finding> => {
  // It concerns those who read the view, and no reader of events.
  const words = { remedy: ACCEPT, acceptable: true, wordsOnly: true } as const;
  const subject = `projection ${name}`;
  if (was === undefined)
    return [{ ...words, subject, problem: 'the projection is new and not in the lock', details: [] }];
  if (is === undefined)
    return [{ ...words, subject, problem: 'the projection is gone, and with it its view', details: [] }];
  const rows = linesOf(was.tables, is.tables);
  const indexes = linesOf({ indexes: was.indexes }, { indexes: is.indexes });
  if (was.version !== is.version) {
    const problem = `version ${is.version} is not in the lock, which has version ${was.version}`;
    return [{ ...words, subject, problem, details: [...rows, ...indexes] }];
  }
  if (rows.length > 0)
    return [
      {
        subject,
        problem: 'its columns or references changed without a new version',
        remedy: `Give it version ${is.version + 1}, and its rows are made again from the first event; or restore what it was.`,
        details: rows,
        acceptable: false,
      },
    ];
  if (indexes.length === 0) return [];
  const problem = 'its indexes changed, and with them the orders in which its view can be read';
  return [{ ...words, subject, problem, details: indexes }];
};

/** A line for each difference between two values of plain JSON, by its path. */
const linesOf = (was: unknown, is: unknown, path = ''): ReadonlyArray<string> => {
  if (JSON.stringify(was) === JSON.stringify(is)) return [];
  if (isRecord(was) && isRecord(is)) {
    const lines = Object.keys({ ...was, ...is }).flatMap((name) => linesOf(was[name], is[name], `${path}/${name}`));
    // The same members in another order are columns in another order.
    return lines.length > 0 ? lines : [`${path}: the order was ${Object.keys(was).join(', ')}`];
  }
  return [`${path}: was ${shown(was)}, is ${shown(is)}`];
};

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const shown = (value: unknown): string => (value === undefined ? 'not there' : JSON.stringify(value));
