/** Reads every read model and compares it with the expected rows. */
import type { ApiClient } from './api-client';
import { compareOrders, compareSums, toSummedOrder, type ViewComparison } from './comparison';
import type { Input } from './input';
import type { ExpectedStock, Model } from './model';
import type { Row } from './patient-requests';
import { customers, salesByDay, type SummedOrder } from './sums';

export interface Verification {
  readonly comparisons: ReadonlyArray<ViewComparison>;
  /** Orders on the server that are not part of the input; all sums of orders include them. */
  readonly otherOrders: number;
}

/** Compares the present rows of all read models. */
export const verify = async (
  client: ApiClient,
  input: Pick<Input, 'hasOrder'>,
  model: Model,
  stock: ReadonlyMap<string, ExpectedStock>,
): Promise<Verification> => {
  const rows = await client.readView('order-summary');
  const expected = model.orders();
  const ours = rows.filter((row) => input.hasOrder(String(row['orderId'])));
  const others = toSummedOrders(rows.filter((row) => !input.hasOrder(String(row['orderId']))));
  const all = [...toSummedOrders(expected.map((order): Row => ({ ...order }))), ...others];
  const levels = (await client.readView('stock-level')).filter((row) => stock.has(String(row['sku'])));
  return {
    otherOrders: others.length,
    comparisons: [
      compareOrders(expected, byKey(ours, 'orderId')),
      compareSums(
        'sales-by-day',
        columnsOf(salesByDay(all)),
        byKey(await client.readView('sales-by-day'), 'day', 'currency'),
        [
          { name: 'orders placed', column: 'ordersPlaced', isMoney: false },
          { name: 'amount placed', column: 'amountPlaced', isMoney: true },
          { name: 'orders cancelled', column: 'ordersCancelled', isMoney: false },
          { name: 'amount cancelled', column: 'amountCancelled', isMoney: true },
          { name: 'amount paid', column: 'amountPaid', isMoney: true },
        ],
      ),
      compareSums(
        'customer-orders',
        columnsOf(customers(all)),
        byKey(await client.readView('customer-orders'), 'customerId'),
        [
          { name: 'orders', column: 'orders', isMoney: false },
          { name: 'amount', column: 'amount', isMoney: true },
        ],
      ),
      compareSums('stock-level', columnsOf(stock), byKey(levels, 'sku'), [
        { name: 'pieces on hand', column: 'onHand', isMoney: false },
        { name: 'pieces reserved', column: 'reserved', isMoney: false },
        { name: 'pieces available', column: 'available', isMoney: false },
      ]),
    ],
  };
};

/** Whether there are no differences at all. */
export const agrees = ({ comparisons }: Verification): boolean =>
  comparisons.every(({ differences }) => differences.length === 0);

const toSummedOrders = (rows: ReadonlyArray<Row>): ReadonlyArray<SummedOrder> =>
  rows.map(toSummedOrder).filter((order): order is SummedOrder => order !== undefined);

const byKey = (rows: ReadonlyArray<Row>, ...columns: ReadonlyArray<string>): ReadonlyMap<string, Row> =>
  new Map(rows.map((row) => [columns.map((column) => String(row[column])).join(':'), row]));

/** The same rows as plain records. */
const columnsOf = <Expected extends object>(
  rows: ReadonlyMap<string, Expected>,
): ReadonlyMap<string, { readonly [Column in keyof Expected]: Expected[Column] }> =>
  new Map([...rows].map(([key, row]) => [key, { ...row }]));
