/** A folder of order files in which orders go every way, with all the dirt that real data has. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const folders: string[] = [];
process.on('exit', () => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** What becomes of an order: its status, when it was approved, handed over and delivered (hours of the day), its dirt. */
interface Way {
  readonly status: string;
  readonly approved?: number;
  readonly handedOver?: number;
  readonly delivered?: number;
  readonly dirt?: 'no lines' | 'a cent short' | 'instalments 0' | 'method not defined';
}

const ways: ReadonlyArray<Way> = [
  { status: 'delivered', approved: 9, handedOver: 12, delivered: 20 },
  { status: 'shipped', approved: 9, handedOver: 12 },
  { status: 'processing', approved: 9 },
  { status: 'canceled', approved: 9 },
  { status: 'unavailable', approved: 9 },
  { status: 'shipped', approved: 13, handedOver: 12 },
  { status: 'canceled', approved: 9, handedOver: 12, delivered: 20 },
  { status: 'delivered', approved: 9, handedOver: 12 },
  { status: 'unavailable', approved: 9, dirt: 'no lines' },
  { status: 'canceled', approved: 9, handedOver: 12 },
  { status: 'delivered', approved: 9, handedOver: 12, delivered: 20, dirt: 'a cent short' },
  { status: 'delivered', approved: 9, handedOver: 12, delivered: 20, dirt: 'instalments 0' },
  { status: 'processing', approved: 9, dirt: 'method not defined' },
  { status: 'canceled' },
];

const ARTICLES = 5;
const UNIT_PRICE = 19.9;
const FREIGHT = 3.05;

/** `count` orders `a0`, `a1`, ...: the same for the same count, and the first ones alike for any. */
export const orderFolder = (count: number): string => {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-orders-'));
  folders.push(folder);
  const orders = [
    'order_id,customer_id,order_status,order_purchase_timestamp,order_approved_at,order_delivered_carrier_date,order_delivered_customer_date',
  ];
  const items = ['order_id,product_id,price,freight_value'];
  const payments = ['order_id,payment_sequential,payment_type,payment_installments,payment_value'];
  for (let index = 0; index < count; index += 1) {
    const way = ways[index % ways.length] ?? { status: 'created' };
    const id = `a${index}`;
    const at = (hour: number | undefined): string =>
      hour === undefined ? '' : `2018-03-0${1 + (index % 9)} ${String(hour).padStart(2, '0')}:00:00`;
    orders.push(
      [id, `c${index}`, way.status, at(8), at(way.approved), at(way.handedOver), at(way.delivered)].join(','),
    );
    const pieces = way.dirt === 'no lines' ? 0 : 1 + (index % 3);
    for (let piece = 0; piece < pieces; piece += 1) {
      items.push(`${id},article-${index % ARTICLES},${UNIT_PRICE},${FREIGHT}`);
    }
    const total =
      Math.round(Math.max(pieces, 1) * (UNIT_PRICE + FREIGHT) * 100) - (way.dirt === 'a cent short' ? 1 : 0);
    const byVoucher = index % 4 === 0 ? 500 : 0;
    const method = way.dirt === 'method not defined' ? 'not_defined' : 'credit_card';
    const instalments = way.dirt === 'instalments 0' ? 0 : 3;
    payments.push(`${id},1,${method},${instalments},${((total - byVoucher) / 100).toFixed(2)}`);
    if (byVoucher > 0) payments.push(`${id},2,voucher,1,${(byVoucher / 100).toFixed(2)}`);
  }
  writeFileSync(join(folder, 'orders.csv'), orders.join('\n'));
  writeFileSync(join(folder, 'order_items.csv'), items.join('\n'));
  writeFileSync(join(folder, 'order_payments.csv'), payments.join('\n'));
  return folder;
};
