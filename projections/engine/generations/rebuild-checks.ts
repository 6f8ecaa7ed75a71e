/** Checks whether a requested rebuild is possible; an impossible one is refused with a reason and never tried. */
import { RequestRefused } from '../../../infra/commands/operation-requests';
import type { Projection } from '../../projection';
import type { ViewColumn } from '../../view-reader';
import type { RebuildSpec } from './rebuild-ledger';
import { shapeOf, type Cell, cellOf, cellsOfKey } from '../tables/tables';

/** Returns the projection to rebuild. Throws RequestRefused where this program cannot execute the request. */
export const assertRebuildable = (
  projections: ReadonlyArray<Projection>,
  { projection: name, kind, key, copy, untilPosition }: RebuildSpec,
): Projection => {
  const projection = projections.find((each) => each.name === name);
  if (projection === undefined) throw new RequestRefused(`this program has no projection '${name}'`);
  if (kind === 'row') rowKeyOf(projection, key);
  if (kind === 'copy' && (copy === null || copy === '' || untilPosition === null)) {
    throw new RequestRefused('a copy needs a name and a point in time');
  }
  return projection;
};

/** The key of the requested row. Throws RequestRefused with what is wrong. */
export const rowKeyOf = ({ name, view }: Projection, key: string | null): ReadonlyArray<Cell> => {
  const { columns, keyLength } = shapeOf(view);
  const keyColumns = columns.slice(0, keyLength);
  const fault = keyFault(name, keyColumns, key ?? '');
  const cells = fault === undefined ? cellsOfKey(keyColumns, key ?? '') : undefined;
  if (cells === undefined) throw new RequestRefused(fault ?? `'${key ?? ''}' is not a key of ${name}`);
  return cells;
};

/** What is wrong with the key of a row as it appears in a URL; undefined where it is valid. */
export const keyFault = (
  view: string,
  columns: ReadonlyArray<Pick<ViewColumn, 'type' | 'name'>>,
  key: string,
): string | undefined => {
  const names = columns.map(({ name }) => name);
  const expected = `a key of ${view} is ${names.join(':')}`;
  const parts = key.split(':');
  const surplus = Math.max(0, parts.length - columns.length);
  // The first part may contain colons, as identifiers may.
  const texts = [parts.slice(0, surplus + 1).join(':'), ...parts.slice(surplus + 1)];
  const missing = names.filter((_name, index) => (texts[index] ?? '') === '');
  if (missing.length > 0) return `'${key}' lacks ${missing.join(', ')}: ${expected}`;
  const wrong = columns.find((column, index) => cellOf(column, texts[index] ?? '') === undefined);
  return wrong === undefined ? undefined : `'${key}' has no ${wrong.type} for ${wrong.name}: ${expected}`;
};
