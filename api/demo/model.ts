/**
 * What the read models must say, computed from the accepted input alone: plain sums in plain code that knows nothing of
 * the engine, so that the two can be held against each other.
 */
import type { Step } from './action';
import { INPUT_CURRENCY, type InputOrder } from './input-order';

/** What is known of one order from the commands that were accepted. */
interface OrderFacts {
  readonly input: InputOrder;
  placed: boolean;
  handedOver: boolean;
  delivered: boolean;
  cancelled: boolean;
  unavailable: boolean;
  declined: boolean;
  readonly authorised: Map<string, number>;
  readonly captured: Map<string, number>;
}

/** An order as the read models must show it. */
export interface ExpectedOrder {
  readonly orderId: string;
  readonly customerId: string;
  readonly status: string;
  readonly placedAt: string;
  readonly amount: number;
  readonly paid: number;
}

/** The facts of the accepted input, growing with every accepted action. */
export interface Model {
  readonly accept: (step: Step) => void;
  /** Whether the order, by what is accepted so far, is in stock and paid in full and so has to be confirmed. */
  readonly mustBeConfirmed: (orderId: string) => boolean;
  readonly orders: () => ReadonlyArray<ExpectedOrder>;
  readonly stock: () => ReadonlyMap<string, { readonly onHand: number; readonly reserved: number }>;
  /** Payments whose money must have gone back. */
  readonly refundedPayments: () => ReadonlyArray<string>;
}

/** The amount of an order: its pieces and their freight. */
export const amountOf = (order: InputOrder): number =>
  order.lines.reduce((sum, line) => sum + line.quantity * line.unitPrice + line.freight, 0);

/** Starts with nothing accepted. */
export const modelOf = (inputs: ReadonlyArray<InputOrder>): Model => {
  const facts = new Map(inputs.map((input) => [input.orderId, factsOf(input)]));
  const received = new Map<string, number>();
  const inStock = ({ input }: OrderFacts): boolean => input.lines.every((line) => received.has(line.sku));
  const placed = (): ReadonlyArray<OrderFacts> => [...facts.values()].filter((order) => order.placed);
  return {
    accept: (step) => {
      if (step._tag === 'Receive') {
        received.set(step.sku, (received.get(step.sku) ?? 0) + step.quantity);
        return;
      }
      const order = facts.get(step.orderId);
      if (order !== undefined) acceptOrderStep(order, step);
    },
    mustBeConfirmed: (orderId) => {
      const order = facts.get(orderId);
      return order !== undefined && order.placed && !order.declined && inStock(order) && isPaid(order);
    },
    orders: () => placed().map((order) => expectedOrder(order, inStock(order))),
    stock: () => stockOf(received, placed().filter(inStock)),
    refundedPayments: () =>
      placed()
        .filter((order) => isOff(order, inStock(order)))
        .flatMap((order) => [...order.captured.keys()]),
  };
};

const factsOf = (input: InputOrder): OrderFacts => ({
  input,
  placed: false,
  handedOver: false,
  delivered: false,
  cancelled: false,
  unavailable: false,
  declined: false,
  authorised: new Map(),
  captured: new Map(),
});

const acceptOrderStep = (order: OrderFacts, step: Exclude<Step, { readonly _tag: 'Receive' }>): void => {
  switch (step._tag) {
    case 'Place':
      order.placed = true;
      return;
    case 'Authorise':
      order.authorised.set(step.paymentId, step.amount);
      return;
    case 'Decline':
      order.declined = true;
      return;
    case 'Capture':
      order.captured.set(step.paymentId, order.authorised.get(step.paymentId) ?? 0);
      return;
    case 'HandOver':
      order.handedOver = true;
      return;
    case 'Deliver':
      order.delivered = true;
      return;
    case 'Cancel':
      order.cancelled = true;
      return;
    case 'DeclareUnavailable':
      order.unavailable = true;
      return;
  }
};

const capturedSum = (order: OrderFacts): number => [...order.captured.values()].reduce((sum, each) => sum + each, 0);

const isPaid = (order: OrderFacts): boolean => capturedSum(order) >= amountOf(order.input);

/** Cancelled by whoever: the customer, a bank that refuses, or a warehouse that has nothing. */
const isCancelled = (order: OrderFacts, inStock: boolean): boolean => order.cancelled || order.declined || !inStock;

const isOff = (order: OrderFacts, inStock: boolean): boolean => order.unavailable || isCancelled(order, inStock);

const statusOf = (order: OrderFacts, inStock: boolean): string => {
  if (isCancelled(order, inStock)) return 'cancelled';
  if (order.unavailable) return 'unavailable';
  if (order.delivered) return 'delivered';
  if (order.handedOver) return 'handed-over';
  return isPaid(order) ? 'confirmed' : 'placed';
};

const expectedOrder = (order: OrderFacts, inStock: boolean): ExpectedOrder => ({
  orderId: order.input.orderId,
  customerId: order.input.customerId,
  status: statusOf(order, inStock),
  placedAt: order.input.placedAt,
  amount: amountOf(order.input),
  paid: isOff(order, inStock) ? 0 : capturedSum(order),
});

const stockOf = (
  received: ReadonlyMap<string, number>,
  orders: ReadonlyArray<OrderFacts>,
): ReadonlyMap<string, { readonly onHand: number; readonly reserved: number }> => {
  const levels = new Map([...received].map(([sku, onHand]) => [sku, { onHand, reserved: 0 }]));
  for (const order of orders) {
    for (const { sku, quantity } of order.input.lines) {
      const level = levels.get(sku);
      if (level === undefined) continue;
      if (order.handedOver) level.onHand -= quantity;
      else if (!isOff(order, true)) level.reserved += quantity;
    }
  }
  return levels;
};

// -------------------------------------------------------------------------------------
// Sums over orders, the input's and, where there are any, those that were there before
// -------------------------------------------------------------------------------------

/** A row of `sales-by-day` as it must be. */
export interface ExpectedSales {
  readonly ordersPlaced: number;
  readonly amountPlaced: number;
  readonly ordersCancelled: number;
  readonly amountCancelled: number;
  readonly amountPaid: number;
}

/** An order as far as the sums need it. */
export interface SummedOrder extends ExpectedOrder {
  readonly currency: string;
}

/** The input's orders with the currency that they were all posted in. */
export const inInputCurrency = (orders: ReadonlyArray<ExpectedOrder>): ReadonlyArray<SummedOrder> =>
  orders.map((order) => ({ ...order, currency: INPUT_CURRENCY }));

/** By `<day>:<currency>` of placing. */
export const salesByDay = (orders: ReadonlyArray<SummedOrder>): ReadonlyMap<string, ExpectedSales> =>
  groupedBy(
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
export const customers = (
  orders: ReadonlyArray<SummedOrder>,
): ReadonlyMap<string, { readonly orders: number; readonly amount: number; readonly lastOrderAt: string }> =>
  groupedBy(
    orders,
    (order) => order.customerId,
    (group) => ({
      orders: group.length,
      amount: sum(group, (order) => order.amount),
      lastOrderAt: group.reduce((latest, order) => (order.placedAt > latest ? order.placedAt : latest), ''),
    }),
  );

const sum = <A>(items: ReadonlyArray<A>, amount: (item: A) => number): number =>
  items.reduce((total, item) => total + amount(item), 0);

const groupedBy = <A, B>(
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
