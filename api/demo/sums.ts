/** Sums of orders by day and by customer, over the input and any other orders on the server. */

/** The fields of an order that the sums need. */
export interface SummedOrder {
  readonly customerId: string;
  readonly status: string;
  readonly currency: string;
  readonly placedAt: string;
  readonly amount: number;
  readonly paid: number;
}

/** An expected row of `sales-by-day`. */
export interface ExpectedSales {
  readonly ordersPlaced: number;
  readonly amountPlaced: number;
  readonly ordersCancelled: number;
  readonly amountCancelled: number;
  readonly amountPaid: number;
}

/** An expected row of `customer-orders`. */
export interface ExpectedCustomer {
  readonly orders: number;
  readonly amount: number;
  readonly lastOrderAt: string;
}

/** By `<day>:<currency>` of placing. */
export const salesByDay = (orders: ReadonlyArray<SummedOrder>): ReadonlyMap<string, ExpectedSales> =>
  groupBy(
    orders,
    (order) => `${order.placedAt.slice(0, 10)}:${order.currency}`,
    (group) => {
      const cancelled = group.filter((order) => order.status === 'cancelled');
      return {
        ordersPlaced: group.length,
        amountPlaced: sum(group, (order) => order.amount),
        ordersCancelled: cancelled.length,
        amountCancelled: sum(cancelled, (order) => order.amount),
        amountPaid: sum(group, (order) => order.paid),
      };
    },
  );

/** By customer. */
export const customers = (orders: ReadonlyArray<SummedOrder>): ReadonlyMap<string, ExpectedCustomer> =>
  groupBy(
    orders,
    (order) => order.customerId,
    (group) => ({
      orders: group.length,
      amount: sum(group, (order) => order.amount),
      lastOrderAt: group.reduce((latest, order) => later(latest, order.placedAt), group[0]?.placedAt ?? ''),
    }),
  );

/** Compares instants rather than texts, because other data may write the same instant differently. */
const later = (left: string, right: string): string => (Date.parse(right) > Date.parse(left) ? right : left);

const sum = <A>(items: ReadonlyArray<A>, amount: (item: A) => number): number =>
  items.reduce((total, item) => total + amount(item), 0);

const groupBy = <A, B>(
  items: ReadonlyArray<A>,
  keyOf: (item: A) => string,
  summarise: (group: ReadonlyArray<A>) => B,
): ReadonlyMap<string, B> => {
  const groups = new Map<string, A[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group === undefined) groups.set(keyOf(item), [item]);
    else group.push(item);
  }
  return new Map([...groups].map(([key, group]) => [key, summarise(group)]));
};
