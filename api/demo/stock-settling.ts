/**
 * Waits until the stock of each sku is as expected. If other clients use the same sku, the number of outstanding reservations,
 * releases and dispatches is unknown, so each step waits for the sku's next event.
 */
import type { ApiClient } from './api-client';
import { forEachBounded } from './in-flight';
import type { Input } from './input';
import type { ExpectedStock } from './model';
import type { Row } from './patient-requests';

export interface StockSettling {
  readonly client: ApiClient;
  readonly input: Pick<Input, 'hasOrder' | 'hasReceipt'>;
  /** In monotonic milliseconds. */
  readonly deadlineMs: number;
  readonly concurrency: number;
}

const VIEW = 'stock-level';

/** Returns the expected stock: the input's, plus what other clients did to the same skus. */
export const settleStock = async (
  expected: ReadonlyMap<string, ExpectedStock>,
  options: StockSettling,
): Promise<ReadonlyMap<string, ExpectedStock>> => {
  const rows = new Map((await options.client.readView(VIEW)).map((row) => [String(row['sku']), row]));
  const settled = new Map(expected);
  const open = [...expected].filter(([sku, level]) => !shows(rows.get(sku), level));
  await forEachBounded(open, options.concurrency, async ([sku, level]) => {
    settled.set(sku, await settleSku(sku, level, options));
  });
  return settled;
};

const settleSku = async (sku: string, ours: ExpectedStock, options: StockSettling): Promise<ExpectedStock> => {
  const { client, input, deadlineMs } = options;
  for (;;) {
    const row = await client.readRow(VIEW, sku);
    const expected = withOthers(ours, await client.readStream(`stock-${sku}`), input);
    if (shows(row, expected)) return expected;
    const version = typeof row?.['version'] === 'number' ? row['version'] : 0;
    if (!(await client.awaitSeen(VIEW, [`stock-${sku}@${version + 1}`], deadlineMs))) return expected;
  }
};

const shows = (row: Row | undefined, { onHand, reserved, available }: ExpectedStock): boolean =>
  row?.['onHand'] === onHand && row['reserved'] === reserved && row['available'] === available;

/** Adds receipts and orders from the sku's events that are not part of the input. */
export const withOthers = (
  ours: ExpectedStock,
  events: ReadonlyArray<Row>,
  { hasOrder, hasReceipt }: StockSettling['input'],
): ExpectedStock => {
  let { onHand, reserved } = ours;
  for (const { type, data } of events) {
    const { quantity, orderId, receiptId } = data as { quantity: number; orderId?: string; receiptId?: string };
    if (receiptId === undefined ? hasOrder(String(orderId)) : hasReceipt(receiptId)) continue;
    if (type === 'StockReceived') onHand += quantity;
    if (type === 'StockReserved') reserved += quantity;
    // The event's name in schema version 1, and since version 2.
    if (type === 'StockReleased' || type === 'StockReservationReleased') reserved -= quantity;
    if (type === 'StockDispatched') [onHand, reserved] = [onHand - quantity, reserved - quantity];
  }
  return { onHand, reserved, available: onHand - reserved };
};
