/** Compares the read models with the expected rows: row by row, and in totals for display. */
import type { ExpectedOrder } from './model';
import type { Row } from './patient-requests';
import type { SummedOrder } from './sums';

/** One figure, from the input and from the read models. */
export interface Figure {
  readonly name: string;
  readonly expected: number;
  readonly found: number;
  /** Whether the figure is money in cents. */
  readonly isMoney: boolean;
}

/** The comparison of one read model with the input. */
export interface ViewComparison {
  readonly view: string;
  /** How many rows were compared. */
  readonly rows: number;
  readonly figures: ReadonlyArray<Figure>;
  /** One sentence for each column that differs. */
  readonly differences: ReadonlyArray<string>;
}

/** Rows by their key. */
export type Rows = ReadonlyMap<string, Row>;

/** The expected values of a row by column. */
export type Columns = Readonly<Record<string, string | number | null>>;

/** Compares the expected columns one by one; a missing or surplus row is a difference too. */
export const compareRows = (
  view: string,
  expected: ReadonlyMap<string, Columns>,
  found: Rows,
): ReadonlyArray<string> => {
  const differences: string[] = [];
  for (const [key, columns] of expected) {
    const row = found.get(key);
    if (row === undefined) {
      differences.push(`${view} ${key} is missing`);
      continue;
    }
    for (const [column, value] of Object.entries(columns)) {
      if (row[column] === value) continue;
      differences.push(`${view} ${key}: ${column} is ${JSON.stringify(row[column])}, not ${JSON.stringify(value)}`);
    }
  }
  for (const key of found.keys()) if (!expected.has(key)) differences.push(`${view} ${key} should not be there`);
  return differences;
};

/** Compares rows and the sums of their numbers. */
export const compareSums = (
  view: string,
  expected: ReadonlyMap<string, Columns>,
  found: Rows,
  sums: ReadonlyArray<{ readonly name: string; readonly column: string; readonly isMoney: boolean }>,
): ViewComparison => ({
  view,
  rows: expected.size,
  figures: sums.map(({ name, column, isMoney }) => ({
    name,
    isMoney,
    expected: sumOf([...expected.values()], column),
    found: sumOf([...found.values()], column),
  })),
  differences: compareRows(view, expected, found),
});

/** The status under which rows that know only payments are counted. */
const NOT_PLACED = 'never placed';

/** Compares `order-summary`: every row, orders by status, and the amounts paid by status. */
export const compareOrders = (expected: ReadonlyArray<ExpectedOrder>, found: Rows): ViewComparison => {
  const view = 'order-summary';
  const ours = expected.map((order): Columns => ({ ...order }));
  const theirs = [...found.values()];
  const statusOf = (row: Row): string => (typeof row['status'] === 'string' ? row['status'] : NOT_PLACED);
  const statuses = [...new Set([...ours, ...theirs].map(statusOf))].sort();
  const figures = statuses.flatMap((status): ReadonlyArray<Figure> => {
    const expectedRows = ours.filter((row) => statusOf(row) === status);
    const foundRows = theirs.filter((row) => statusOf(row) === status);
    const count = { expected: expectedRows.length, found: foundRows.length, isMoney: false };
    const paid = { expected: sumOf(expectedRows, 'paid'), found: sumOf(foundRows, 'paid'), isMoney: true };
    return [
      { name: `orders ${status}`, ...count },
      { name: `paid for orders ${status}`, ...paid },
    ];
  });
  const differences = compareRows(view, new Map(expected.map((order) => [order.orderId, { ...order }])), found);
  return { view, rows: expected.length, figures, differences };
};

/** An order as `order-summary` shows it, as far as sums need it; undefined for a row that knows only payments. */
export const toSummedOrder = (row: Row): SummedOrder | undefined => {
  const { customerId, status, placedAt, amount, paid, currency } = row;
  if (typeof placedAt !== 'string' || typeof amount !== 'number' || typeof paid !== 'number') return undefined;
  return {
    customerId: String(customerId),
    status: String(status),
    currency: String(currency),
    placedAt,
    amount,
    paid,
  };
};

const sumOf = (rows: ReadonlyArray<Row>, column: string): number =>
  rows.reduce((sum, row) => {
    const value = row[column];
    return typeof value === 'number' ? sum + value : sum;
  }, 0);
