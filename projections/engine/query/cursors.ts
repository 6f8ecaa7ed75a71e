/** Cursors: the place of a row in the order of its list, as a text. It stays a place when rows come and go. */
import type { ViewDescription } from '../../view-reader';
import type { Cell } from '../tables/tables';
import type { Sorting } from './sorting';

/** The cursor behind a row; `cells` are its values of the columns that the list is sorted by. */
export const cursorOf = ({ text }: Sorting, cells: ReadonlyArray<Cell>): string =>
  Buffer.from(JSON.stringify(text === undefined ? cells : [text, ...cells])).toString('base64url');

/** The cells that a cursor holds; undefined for a cursor that no page in this order returned. */
export const cellsOfCursor = (
  { key, columns }: Pick<ViewDescription, 'key' | 'columns'>,
  sorting: Sorting,
  cursor: string,
): ReadonlyArray<Cell> | undefined => {
  const parsed = parseCursor(cursor);
  if (!Array.isArray(parsed)) return undefined;
  const found: ReadonlyArray<unknown> = parsed;
  if (sorting.text !== undefined && found[0] !== sorting.text) return undefined;
  const cells = sorting.text === undefined ? found : found.slice(1);
  if (cells.length !== sorting.columns.length) return undefined;
  const fits = sorting.columns.every((name, index) => {
    const cell = cells[index];
    // Columns that an older generation lacks are null, whatever they are declared as.
    if (cell === null) return !key.includes(name);
    const type = columns.find((each) => each.name === name)?.type;
    return type === 'text' ? typeof cell === 'string' : Number.isSafeInteger(cell);
  });
  // The lines above have checked every cell.
  const checked = cells as ReadonlyArray<Cell>;
  return fits && cursorOf(sorting, checked) === cursor ? checked : undefined;
};

const parseCursor = (cursor: string): unknown => {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')) as unknown;
  } catch {
    return undefined;
  }
};
