/**
 * Reads orders from a folder with `orders.csv`, `order_items.csv` and `order_payments.csv`, columns as Olist published
 * them. Their times have no zone and are read as UTC: order and distance of times do not depend on the zone.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { timeMsOf } from '../../domain/kernel/time-text';
import type { InputLine, InputOrder, InputPayment } from './input-order';
import { centsOf } from './money';

/** A folder, file or row can't be used; the message says which and why. */
export class UnusableOrders extends Error {
  override readonly name = 'UnusableOrders';
}

/** Reads every order with its lines and payments. Throws {@link UnusableOrders}. */
export const readOrders = (directory: string): ReadonlyArray<InputOrder> => {
  const lines = groupedByOrder(readRows(directory, 'order_items.csv', ITEM_COLUMNS));
  const payments = groupedByOrder(readRows(directory, 'order_payments.csv', PAYMENT_COLUMNS));
  const known = new Set<string>();
  return readRows(directory, 'orders.csv', ORDER_COLUMNS).map((row) => {
    const orderId = cell(row, 'order_id');
    if (known.has(orderId)) throw new UnusableOrders(`order '${orderId}' appears in ${directory} more than once`);
    known.add(orderId);
    try {
      return orderOf(row, linesOf(lines.get(orderId) ?? []), (payments.get(orderId) ?? []).map(paymentOf));
    } catch (error) {
      throw new UnusableOrders(`order '${orderId}' in ${directory}: ${messageOf(error)}`);
    }
  });
};

// -------------------------------------------------------------------------------------
// Rows to facts
// -------------------------------------------------------------------------------------

type Row = Readonly<Record<string, string>>;

const ORDER_COLUMNS = [
  'order_id',
  'customer_id',
  'order_status',
  'order_purchase_timestamp',
  'order_approved_at',
  'order_delivered_carrier_date',
  'order_delivered_customer_date',
];
const ITEM_COLUMNS = ['order_id', 'product_id', 'price', 'freight_value'];
const PAYMENT_COLUMNS = ['order_id', 'payment_sequential', 'payment_type', 'payment_installments', 'payment_value'];

const orderOf = (row: Row, lines: ReadonlyArray<InputLine>, payments: ReadonlyArray<InputPayment>): InputOrder => {
  const approvedAt = instantOf(cell(row, 'order_approved_at'));
  const handedOverAt = instantOf(cell(row, 'order_delivered_carrier_date'));
  const deliveredAt = instantOf(cell(row, 'order_delivered_customer_date'));
  const placedAt = instantOf(cell(row, 'order_purchase_timestamp'));
  if (placedAt === undefined) throw new RangeError('order_purchase_timestamp is empty');
  return {
    orderId: cell(row, 'order_id'),
    customerId: cell(row, 'customer_id'),
    status: cell(row, 'order_status'),
    placedAt,
    ...(approvedAt === undefined ? {} : { approvedAt }),
    ...(handedOverAt === undefined ? {} : { handedOverAt }),
    ...(deliveredAt === undefined ? {} : { deliveredAt }),
    lines,
    payments,
    inStock: true,
  };
};

/** The source has a row for each piece; pieces of one product at one price are one line with a quantity. */
const linesOf = (rows: ReadonlyArray<Row>): ReadonlyArray<InputLine> => {
  const lines = new Map<string, InputLine>();
  for (const row of rows) {
    const sku = cell(row, 'product_id');
    const unitPrice = centsOf(cell(row, 'price'));
    const key = `${sku}/${unitPrice}`;
    const line = lines.get(key) ?? { sku, unitPrice, quantity: 0, freight: 0 };
    const freight = line.freight + centsOf(cell(row, 'freight_value'));
    lines.set(key, { ...line, quantity: line.quantity + 1, freight });
  }
  return [...lines.values()];
};

const paymentOf = (row: Row): InputPayment => ({
  paymentId: `${cell(row, 'order_id')}-${cell(row, 'payment_sequential')}`,
  // `not_defined` has no counterpart: it is posted unchanged, so that the API rejects it.
  method: METHODS.get(cell(row, 'payment_type')) ?? cell(row, 'payment_type'),
  instalments: Number(cell(row, 'payment_installments')),
  amount: centsOf(cell(row, 'payment_value')),
  declined: false,
});

const METHODS: ReadonlyMap<string, string> = new Map([
  ['credit_card', 'credit-card'],
  ['debit_card', 'debit-card'],
  ['boleto', 'boleto'],
  ['voucher', 'voucher'],
]);

const TIMESTAMP = /^(\d{4}-\d{2}-\d{2}) (\d{2}:\d{2}:\d{2})$/;

const instantOf = (text: string): string | undefined => {
  if (text === '') return undefined;
  const match = TIMESTAMP.exec(text);
  if (match === null) throw new RangeError(`'${text}' is not a time like 2017-07-09 21:57:05`);
  const instant = `${match[1] ?? ''}T${match[2] ?? ''}Z`;
  if (timeMsOf(instant) === undefined) throw new RangeError(`'${text}' is not in the calendar`);
  return instant;
};

const cell = (row: Row, column: string): string => row[column] ?? '';

// -------------------------------------------------------------------------------------
// Files to rows
// -------------------------------------------------------------------------------------

const readRows = (directory: string, name: string, columns: ReadonlyArray<string>): ReadonlyArray<Row> => {
  const file = join(directory, name);
  const rows = parseFile(file);
  const missing = columns.filter((column) => rows[0]?.[column] === undefined);
  if (rows.length > 0 && missing.length > 0) {
    throw new UnusableOrders(`${file} lacks the columns ${missing.join(', ')}`);
  }
  return rows;
};

const parseFile = (file: string): ReadonlyArray<Row> => {
  try {
    // With `columns`, csv-parse makes each row an object of texts.
    return parse(readFileSync(file), { columns: true, bom: true, skip_empty_lines: true });
  } catch (error) {
    throw new UnusableOrders(
      `${messageOf(error)} (${file}): ORDERS_DIR must hold orders.csv, order_items.csv and order_payments.csv`,
    );
  }
};

const groupedByOrder = (rows: ReadonlyArray<Row>): ReadonlyMap<string, ReadonlyArray<Row>> => {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const group = groups.get(cell(row, 'order_id'));
    if (group === undefined) groups.set(cell(row, 'order_id'), [row]);
    else group.push(row);
  }
  return groups;
};

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
