/** Keys of rows as they appear in a URL. */
import type { ViewColumn } from '../../view-reader';
import type { Cell } from './layout';

/** The cell of a text from a URL; undefined where the text is not a value of the column. */
export const cellOf = ({ type }: Pick<ViewColumn, 'type'>, text: string): Cell | undefined => {
  if (type === 'text') return text;
  if (type === 'boolean') return text === 'true' ? 1 : text === 'false' ? 0 : undefined;
  const value = /^-?\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  return Number.isSafeInteger(value) ? value : undefined;
};

/** The cells of a key, whose parts are joined with `:` in a URL. The first part may contain colons, as identifiers may. */
export const cellsOfKey = (
  columns: ReadonlyArray<Pick<ViewColumn, 'type'>>,
  text: string,
): ReadonlyArray<Cell> | undefined => {
  const parts = text.split(':');
  const surplus = parts.length - columns.length;
  if (surplus < 0) return undefined;
  const texts = [parts.slice(0, surplus + 1).join(':'), ...parts.slice(surplus + 1)];
  const cells = columns.map((column, index) => cellOf(column, texts[index] ?? ''));
  return cells.includes(undefined) ? undefined : (cells as ReadonlyArray<Cell>);
};
