/**
 * The order of a list: by the key, or by a declared index. An index is as good for columns that stand behind others that the filters
 * fix to one value, as `lentAt` in the index of `memberId` and `lentAt` for the loans of one member.
 */
import * as E from 'fp-ts/Either';
import { sortableIndexes, sortsOf } from '../../view-query';
import type { ListFailure, ViewDescription } from '../../view-reader';
import type { Condition } from './filters';

/** The order of a list: the columns that were asked for, then the rest of the key, which makes it unambiguous. */
export interface Sorting {
  /** As the client wrote it; undefined for the order of the keys. */
  readonly text: string | undefined;
  readonly columns: ReadonlyArray<string>;
  readonly isDescending: boolean;
}

/** Parses the parameter `sort`. */
export const sortingOf = (
  view: Pick<ViewDescription, 'key' | 'columns' | 'indexes'>,
  conditions: ReadonlyArray<Condition>,
  text: string | undefined,
): E.Either<ListFailure, Sorting> => {
  if (text === undefined) return E.right({ text, columns: view.key, isDescending: false });
  const parts = text.split(',');
  const isDescending = text.startsWith('-');
  const names = parts.map((part) => (part.startsWith('-') ? part.slice(1) : part));
  const fail = (reason: string): E.Either<ListFailure, never> =>
    E.left({ _tag: 'InvalidSort', reason, known: sortsOf(view) });
  if (parts.some((part) => part.startsWith('-') !== isDescending))
    return fail('every column takes the same direction, so put - before all of them or before none');
  if (new Set(names).size < names.length) return fail('it names a column twice');
  const fixed = new Set(
    conditions.flatMap(({ column, operator }) => (operator === 'eq' || operator === 'null' ? [column] : [])),
  );
  if (!sortableIndexes(view).some((index) => isServedBy(index, names, fixed)))
    return fail(`no declared index has the order '${names.join(',')}'`);
  const rest = view.key.filter((name) => !names.includes(name));
  return E.right({ text, columns: [...names, ...rest], isDescending });
};

const isServedBy = (
  index: ReadonlyArray<string>,
  names: ReadonlyArray<string>,
  fixed: ReadonlySet<string>,
): boolean => {
  let matched = 0;
  for (const column of index) {
    if (column === names[matched]) matched += 1;
    else if (!fixed.has(column)) break;
  }
  return matched === names.length;
};
