/** Holds what the read models show against what they must show: row by row, and in sums for people. */
import type { Row } from './api-client';
import type { ExpectedOrder, SummedOrder } from './model';

/** One figure, from the input and from the read models. */
export interface Figure {
  readonly name: string;
  readonly expected: number;
  readonly found: number;
  /** Whether the figure is money in cents. */
  readonly isMoney: boolean;
}

/** One read model held against the input. */
export interface Comparison {
  readonly view: string;
  readonly rows: number;
  readonly figures: ReadonlyArray<Figure>;
  /** Rows that differ, each in a sentence. */
  readonly differences: ReadonlyArray<string>;
}

/** Rows by their key; rows of other data are left out. */
export type Rows = ReadonlyMap<string, Row>;

type Columns = Readonly<Record<string, string | number>>;

/** The columns that must be there, compared one by one; a missing row differs, and so does one too many. */
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
): Comparison => ({
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

/** Compares `order-summary`: every row, orders by status, and the amounts paid by status. */
export const compareOrders = (expected: ReadonlyArray<ExpectedOrder>, found: Rows): Comparison => {
  const view = 'order-summary';
  const rows = [...found.values()];
  const statuses = [
    ...new Set([...expected.map((order) => order.status), ...rows.map((row) => String(row['status']))]),
  ];
  const figures = statuses.sort().flatMap((status): ReadonlyArray<Figure> => {
    const ours = expected.filter((order) => order.status === status);
    const theirs = rows.filter((row) => row['status'] === status);
    return [
      { name: `orders ${status}`, expected: ours.length, found: theirs.length, isMoney: false },
      { name: `paid, ${status}`, expected: sumOf(ours, 'paid'), found: sumOf(theirs, 'paid'), isMoney: true },
    ];
  });
  return {
    view,
    rows: expected.length,
    figures,
    differences: compareRows(view, new Map(expected.map((order) => [order.orderId, { ...order }])), found),
  };
};

/** An order of other data, as `order-summary` shows it; undefined for a row that is not an order yet. */
export const foreignOrder = (row: Row): SummedOrder | undefined => {
  const { orderId, customerId, status, placedAt, amount, paid, currency } = row;
  if (typeof placedAt !== 'string' || typeof amount !== 'number' || typeof paid !== 'number') return undefined;
  return {
    orderId: String(orderId),
    customerId: String(customerId),
    status: String(status),
    currency: String(currency),
    placedAt,
    amount,
    paid,
  };
};

const sumOf = (rows: ReadonlyArray<object>, column: string): number =>
  rows.reduce((sum, row) => {
    const value = (row as Row)[column];
    return typeof value === 'number' ? sum + value : sum;
  }, 0);
