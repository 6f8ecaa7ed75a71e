/** Orders from files: what they become, and what is said of files that can't be used. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { readOrders, UnusableOrders } from '../../api/demo/order-files';
import { spec } from '../spec';

const ORDERS_HEADER =
  'order_id,customer_id,order_status,order_purchase_timestamp,order_approved_at,order_delivered_carrier_date,' +
  'order_delivered_customer_date,order_estimated_delivery_date';
const ITEMS_HEADER = 'order_id,order_item_id,product_id,seller_id,shipping_limit_date,price,freight_value';
const PAYMENTS_HEADER = 'order_id,payment_sequential,payment_type,payment_installments,payment_value';

const good = {
  'orders.csv': [
    ORDERS_HEADER,
    'o1,c1,delivered,2017-07-09 21:57:05,2017-07-09 22:10:13,2017-07-11 14:58:04,2017-07-26 10:57:55,2017-08-01 00:00:00',
    'o2,c2,created,2018-01-01 00:00:00,,,,2018-02-01 00:00:00',
  ],
  'order_items.csv': [
    ITEMS_HEADER,
    'o1,1,kettle,s1,2017-07-15 00:00:00,99.9,27.65',
    'o1,2,kettle,s1,2017-07-15 00:00:00,99.9,27.65',
    'o1,3,kettle,s1,2017-07-15 00:00:00,89.90,1.5',
    'o1,4,"lid, red",s1,2017-07-15 00:00:00,10,0',
  ],
  'order_payments.csv': [PAYMENTS_HEADER, 'o1,1,credit_card,8,300', 'o1,2,not_defined,0,6.5'],
};

type Files = Readonly<Record<keyof typeof good, ReadonlyArray<string>>>;

spec('order files', ({ test, after }) => {
  const folders: string[] = [];
  after(() => {
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  });
  const folderOf = (files: Partial<Files>, mark = ''): string => {
    const folder = mkdtempSync(join(tmpdir(), 'tidemark-orders-'));
    folders.push(folder);
    for (const [name, lines] of Object.entries(files)) writeFileSync(join(folder, name), mark + lines.join('\n'));
    return folder;
  };

  test('become orders with lines, payments and times in UTC', () => {
    const [first, second] = readOrders(folderOf(good));
    assert.equal(first, {
      orderId: 'o1',
      customerId: 'c1',
      status: 'delivered',
      placedAt: '2017-07-09T21:57:05Z',
      approvedAt: '2017-07-09T22:10:13Z',
      handedOverAt: '2017-07-11T14:58:04Z',
      deliveredAt: '2017-07-26T10:57:55Z',
      lines: [
        { sku: 'kettle', unitPrice: 9_990, quantity: 2, freight: 5_530 },
        { sku: 'kettle', unitPrice: 8_990, quantity: 1, freight: 150 },
        { sku: 'lid, red', unitPrice: 1_000, quantity: 1, freight: 0 },
      ],
      payments: [
        { paymentId: 'o1-1', method: 'credit-card', instalments: 8, amount: 30_000, declined: false },
        { paymentId: 'o1-2', method: 'not_defined', instalments: 0, amount: 650, declined: false },
      ],
      inStock: true,
    });
    assert.equal(second, {
      orderId: 'o2',
      customerId: 'c2',
      status: 'created',
      placedAt: '2018-01-01T00:00:00Z',
      lines: [],
      payments: [],
      inStock: true,
    });
  });

  test('may begin with a byte order mark, and end with empty lines', () => {
    const folder = folderOf({ ...good, 'orders.csv': [...good['orders.csv'], '', ''] }, '\uFEFF');
    assert.is(readOrders(folder).length, 2);
  });

  const without = (name: keyof Files): Partial<Files> =>
    Object.fromEntries(Object.entries(good).filter(([each]) => each !== name));
  const orders = (...lines: ReadonlyArray<string>): Files => ({ ...good, 'orders.csv': [ORDERS_HEADER, ...lines] });

  const bad: ReadonlyArray<readonly [string, Partial<Files>, RegExp]> = [
    ['a folder without orders', without('orders.csv'), /orders\.csv.*ORDERS_DIR must hold/],
    ['a folder without payments', without('order_payments.csv'), /order_payments\.csv.*ORDERS_DIR must hold/],
    [
      'other columns',
      { ...good, 'order_items.csv': ['order_id,sku', 'o1,kettle'] },
      /order_items\.csv lacks the columns product_id, price, freight_value/,
    ],
    ['a row that is cut off', orders('o1,c1'), /orders\.csv/],
    ['a quote that never ends', orders('"o1,c1'), /orders\.csv/],
    ['a time that is none', orders('o1,c1,created,yesterday,,,,'), /order 'o1' in .*'yesterday' is not a time like/],
    ['an order placed at no time', orders('o1,c1,created,,,,,'), /order 'o1' in .*order_purchase_timestamp is empty/],
    [
      'the same order twice',
      orders('o1,c1,created,2018-01-01 00:00:00,,,,', 'o1,c1,created,2018-01-01 00:00:00,,,,'),
      /order 'o1' appears in .* more than once/,
    ],
    [
      'a price that is none',
      { ...good, 'order_items.csv': [ITEMS_HEADER, 'o1,1,kettle,s1,,cheap,1'] },
      /order 'o1' in .*'cheap' is not an amount/,
    ],
  ];
  for (const [what, files, message] of bad) {
    test(`with ${what} are refused with a sentence`, () => {
      assert.throws(
        () => readOrders(folderOf(files)),
        (error: Error) => error instanceof UnusableOrders && message.test(error.message),
      );
    });
  }

  test('in no folder at all are refused with a sentence', () => {
    assert.throws(() => readOrders('/nowhere/at/all'), /ORDERS_DIR must hold/);
  });
});
