/** Orders for tests of the demonstration. */
import type { InputOrder, InputPayment } from '../../api/demo/input-order';

/** An order that went all the way; a test changes what it is about. */
export const inputOrder = (changes: Partial<InputOrder> = {}): InputOrder => {
  const orderId = changes.orderId ?? 'o1';
  return {
    orderId,
    customerId: 'c1',
    status: 'delivered',
    placedAt: '2024-01-01T10:00:00Z',
    approvedAt: '2024-01-01T11:00:00Z',
    handedOverAt: '2024-01-02T10:00:00Z',
    deliveredAt: '2024-01-05T10:00:00Z',
    lines: [{ sku: 'kettle', quantity: 2, unitPrice: 1_000, freight: 300 }],
    payments: [payment(`${orderId}-1`, 2_300)],
    inStock: true,
    ...changes,
  };
};

export const payment = (paymentId: string, amount: number, declined = false): InputPayment => ({
  paymentId,
  method: 'credit-card',
  instalments: 1,
  amount,
  declined,
});

/** The order without the times of the given names. */
export const withoutTimes = (
  order: InputOrder,
  ...names: ReadonlyArray<'approvedAt' | 'handedOverAt' | 'deliveredAt'>
): InputOrder => {
  const rest = { ...order };
  for (const name of names) Reflect.deleteProperty(rest, name);
  return rest;
};
