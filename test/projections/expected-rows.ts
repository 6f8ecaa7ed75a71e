/** The rows that the views must have, computed by plain code that groups and sums without the engine. */
import type { StoredEvent } from '../../domain/kernel/recorded-event';

interface Fact {
  readonly type: string;
  readonly version: number;
  readonly data: Readonly<Record<string, string>> & { readonly amount: number; readonly quantity: number };
}

const factsOf = (events: ReadonlyArray<StoredEvent>): ReadonlyArray<Fact> =>
  events.map(({ type, version, payload }) => ({ type, version, data: JSON.parse(payload) as Fact['data'] }));

const groupsBy = (
  facts: ReadonlyArray<Fact>,
  keyOf: (fact: Fact) => string | undefined,
): ReadonlyArray<readonly [key: string, facts: ReadonlyArray<Fact>]> => {
  const groups = new Map<string, Fact[]>();
  for (const fact of facts) {
    const key = keyOf(fact);
    if (key !== undefined) groups.set(key, [...(groups.get(key) ?? []), fact]);
  }
  return [...groups].sort(([left], [right]) => (left < right ? -1 : 1));
};

const sum = (facts: ReadonlyArray<Fact>, signs: Readonly<Record<string, 1 | -1>>, of: 'amount' | 'quantity'): number =>
  facts.reduce((total, { type, data }) => total + (signs[type] ?? 0) * data[of], 0);

const PAID = { PaymentCaptured: 1, PaymentRefunded: -1 } as const;

/** Sums by currency, in the order of the currencies. */
const byCurrency = (
  facts: ReadonlyArray<Fact>,
  signs: Readonly<Record<string, 1 | -1>>,
  of: 'amount' | 'count',
): ReadonlyArray<readonly [currency: string, sum: number]> =>
  groupsBy(facts, ({ type, data }) => (type in signs ? data['currency'] : undefined)).map(([currency, group]) => [
    currency,
    of === 'count' ? group.length : sum(group, signs, of),
  ]);

const paidIn = (sums: ReadonlyArray<readonly [string, number]>, currency: string | undefined): number =>
  (currency === undefined && sums.length === 1 ? sums : sums.filter(([each]) => each === currency))[0]?.[1] ?? 0;

/** As stored in the table. */
const jsonOf = (sums: ReadonlyArray<readonly [string, number]>): string | null =>
  sums.length === 0 ? null : JSON.stringify(Object.fromEntries(sums));

const STATUS: Readonly<Record<string, string>> = {
  OrderPlaced: 'placed',
  OrderConfirmed: 'confirmed',
  OrderHandedToCarrier: 'handed-over',
  OrderDelivered: 'delivered',
  OrderCancelled: 'cancelled',
  OrderDeclaredUnavailable: 'unavailable',
};

const factsFrom = (data: Fact['data'] | undefined) => ({
  customerId: data?.['customerId'] ?? null,
  currency: data?.['currency'] ?? null,
  amount: data?.amount ?? null,
  placedAt: data?.['placedAt'] ?? null,
});

const orderSummary = (facts: ReadonlyArray<Fact>): ReadonlyArray<unknown> =>
  groupsBy(facts, ({ type, data }) => (type in STATUS || type in PAID ? data['orderId'] : undefined)).map(
    ([orderId, group]) => {
      const order = group.filter(({ type }) => type in STATUS);
      const first = order[0]?.data;
      const at = (type: string, column: string): string | null =>
        order.find((fact) => fact.type === type)?.data[column] ?? null;
      return {
        orderId,
        ...factsFrom(first),
        status: STATUS[order.at(-1)?.type ?? ''] ?? null,
        paid: paidIn(byCurrency(group, PAID, 'amount'), first?.['currency']),
        confirmedAt: at('OrderConfirmed', 'confirmedAt'),
        handedOverAt: at('OrderHandedToCarrier', 'handedOverAt'),
        deliveredAt: at('OrderDelivered', 'deliveredAt'),
        cancelledAt: at('OrderCancelled', 'cancelledAt'),
        unavailableAt: at('OrderDeclaredUnavailable', 'declaredAt'),
        version: order.at(-1)?.version ?? 0,
        paidByCurrency: jsonOf(byCurrency(group, PAID, 'amount')),
      };
    },
  );

const stockLevel = (facts: ReadonlyArray<Fact>): ReadonlyArray<unknown> =>
  groupsBy(facts, ({ type, data }) => (type.startsWith('Stock') ? data['sku'] : undefined)).map(([sku, group]) => {
    const onHand = sum(group, { StockReceived: 1, StockDispatched: -1 }, 'quantity');
    const reserved = sum(group, { StockReserved: 1, StockReservationReleased: -1, StockDispatched: -1 }, 'quantity');
    return { sku, onHand, reserved, available: onHand - reserved, version: group.at(-1)?.version };
  });

const mostOrders = (placed: ReadonlyArray<Fact>): string | undefined =>
  [...byCurrency(placed, { OrderPlaced: 1 }, 'count')].sort(
    ([left, many], [right, more]) => more - many || (left < right ? -1 : 1),
  )[0]?.[0];

const customerOrders = (facts: ReadonlyArray<Fact>): ReadonlyArray<unknown> =>
  groupsBy(facts, ({ type, data }) => (type === 'OrderPlaced' ? data['customerId'] : undefined)).map(
    ([customerId, group]) => ({
      customerId,
      orders: group.length,
      amount: paidIn(byCurrency(group, { OrderPlaced: 1 }, 'amount'), mostOrders(group)),
      lastOrderAt: group
        .map(({ data }) => data['placedAt'] ?? '')
        .sort((left, right) => Date.parse(left) - Date.parse(right) || left.length - right.length)
        .at(-1),
      currency: mostOrders(group),
      ordersByCurrency: jsonOf(byCurrency(group, { OrderPlaced: 1 }, 'count')),
      amountByCurrency: jsonOf(byCurrency(group, { OrderPlaced: 1 }, 'amount')),
    }),
  );

const salesByDay = (facts: ReadonlyArray<Fact>): ReadonlyArray<unknown> =>
  groupsBy(facts, ({ type, data }) =>
    type === 'OrderPlaced' ? `${String(data['placedAt']).slice(0, 10)}:${data['currency']}` : undefined,
  ).map(([key, placed]) => {
    const [day = '', currency = ''] = key.split(':');
    const ids = new Set(placed.map(({ data }) => data['orderId']));
    const ofThem = facts.filter(({ data }) => data['currency'] === currency && ids.has(data['orderId']));
    const cancelled = ofThem.filter(({ type }) => type === 'OrderCancelled');
    return {
      day,
      currency,
      ordersPlaced: placed.length,
      amountPlaced: sum(placed, { OrderPlaced: 1 }, 'amount'),
      ordersCancelled: cancelled.length,
      amountCancelled: sum(cancelled, { OrderCancelled: 1 }, 'amount'),
      amountPaid: sum(ofThem, PAID, 'amount'),
    };
  });

/** The rows of a view in key order. */
export const expectedRows = (view: string, events: ReadonlyArray<StoredEvent>): ReadonlyArray<unknown> => {
  const facts = factsOf(events);
  switch (view) {
    case 'order-summary':
      return orderSummary(facts);
    case 'stock-level':
      return stockLevel(facts);
    case 'customer-orders':
      return customerOrders(facts);
    case 'sales-by-day':
      return salesByDay(facts);
    default:
      throw new Error(`nothing is known of the view ${view}`);
  }
};
