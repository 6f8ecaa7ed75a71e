/** Findings as lines of text: what changed, the smallest example, who reads it. */
import type { Comparison } from './compatibility';
import type { LockedVersion } from './contract-lock';
import { readersAt, readersOf, type InstrumentedReader } from './field-readers';
import type { Finding } from './finding';

/** How to bring the lock up to date with an intended change. */
export const ACCEPT =
  "'npx tidemark contracts accept' writes it into the lock, and the review of that file is the agreement.";

/** A finding as lines of text. */
export const findingLines = ({ subject, problem, remedy, details, compatibility }: Finding): ReadonlyArray<string> => [
  `${compatibility === 'breaking' ? 'BREAKING ' : ''}${subject}: ${problem}`,
  ...details.map((detail) => `    ${detail}`),
  `    what to do: ${remedy}`,
];

/** A comparison as lines of text. */
export const comparisonLines = ({ changes, oldRefusedByNew, newRefusedByOld }: Comparison): ReadonlyArray<string> => [
  ...changes.map(({ path, what }) => `${path} ${what}`),
  ...(oldRefusedByNew === undefined
    ? []
    : [`new code rejects what was written, at ${oldRefusedByNew.path}`, ...exampleLines(oldRefusedByNew.value, '')]),
  ...(newRefusedByOld === undefined
    ? []
    : [
        `consumers that are not ready reject what is written now, at ${newRefusedByOld.path}`,
        ...exampleLines(newRefusedByOld.value, ''),
      ]),
];

/** A value as an example, or a line that says that none is known. */
export const exampleLines = (value: unknown, path: string): ReadonlyArray<string> =>
  value === undefined
    ? ['  no example is known: check by hand whether both patterns accept the same texts']
    : [`  smallest example${path === '' ? '' : ' of what is lost'}: ${JSON.stringify(value)}`];

/** Lines that name the readers of the fields at these paths; `/` is the whole event. */
export const readerLines = (
  names: ReadonlyArray<string>,
  schemas: ReadonlyArray<LockedVersion['schema']>,
  paths: ReadonlyArray<string>,
  readers: ReadonlyArray<InstrumentedReader>,
): ReadonlyArray<string> => {
  const found = readersOf(names, schemas, readers);
  return paths.map((path) => {
    const names = path === '/' ? [...new Set([...found.values()].flat())] : readersAt(found, path);
    const who = names.length === 0 ? 'no projection and no process manager here' : names.join(', ');
    return path === '/' ? `read by: ${who}` : `${path} is read by: ${who}`;
  });
};
