/** The statements of a list: conditions, order, and what comes after a cursor. */
import { quoted, type Cell } from '../tables/tables';
import type { Condition } from './filters';
import type { Sorting } from './sorting';

/** A part of a statement with its values. */
export interface Sql {
  readonly text: string;
  readonly cells: ReadonlyArray<Cell>;
}

/** How a column is written; `NULL` where the table does not have it yet. */
export type Expression = (column: string) => string;

/** The expression of columns in a table that has these. */
export const expressionIn =
  (stored: ReadonlySet<string>): Expression =>
  (column) =>
    stored.has(column) ? quoted(column) : 'NULL';

const COMPARISONS = { eq: '=', gt: '>', gte: '>=', lt: '<', lte: '<=' } as const;

/** A filter. */
export const conditionSql = (expression: Expression, { column, operator, cells }: Condition): Sql => {
  const name = expression(column);
  switch (operator) {
    case 'null':
      return { text: `${name} IS NULL`, cells };
    case 'not-null':
      return { text: `${name} IS NOT NULL`, cells };
    case 'in':
      // One statement for any number of values.
      return { text: `${name} IN (SELECT value FROM json_each(?))`, cells: [JSON.stringify(cells)] };
    default:
      return { text: `${name} ${COMPARISONS[operator]} ?`, cells };
  }
};

/** The order of a list. */
export const orderSql = (expression: Expression, { columns, isDescending }: Sorting): string =>
  columns
    .filter((column) => expression(column) !== 'NULL')
    .map((column) => `${expression(column)}${isDescending ? ' DESC' : ''}`)
    .join(', ');

/**
 * The rows after a cursor, in pieces that follow each other: first those that differ from its row in the last column only. Each piece
 * is one range of an index, which a comparison of whole rows would not be where columns may be null: null comes first.
 */
export const piecesAfter = (
  expression: Expression,
  { columns, isDescending }: Sorting,
  cursor: ReadonlyArray<Cell>,
): ReadonlyArray<Sql> =>
  columns
    .map((column, index) => {
      const same = columns.slice(0, index).map((each, at) => equalSql(expression(each), cursor[at] ?? null));
      return laterSql(expression(column), cursor[index] ?? null, isDescending).map((later) =>
        joinSql([...same, later]),
      );
    })
    .reverse()
    .flat();

/** All conditions at once. */
export const joinSql = (parts: ReadonlyArray<Sql>): Sql => ({
  text: parts.map(({ text }) => text).join(' AND '),
  cells: parts.flatMap(({ cells }) => cells),
});

const equalSql = (name: string, cell: Cell): Sql =>
  cell === null ? { text: `${name} IS NULL`, cells: [] } : { text: `${name} = ?`, cells: [cell] };

const laterSql = (name: string, cell: Cell, isDescending: boolean): ReadonlyArray<Sql> => {
  if (!isDescending)
    return [cell === null ? { text: `${name} IS NOT NULL`, cells: [] } : { text: `${name} > ?`, cells: [cell] }];
  if (cell === null) return [];
  return [
    { text: `${name} < ?`, cells: [cell] },
    { text: `${name} IS NULL`, cells: [] },
  ];
};
