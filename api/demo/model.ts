/**
 * What the read models must show, computed from the accepted input alone: plain sums, independent of the engine's code, so that
 * the two can be compared.
 */
import type { Step } from './action';
import { INPUT_CURRENCY, type InputOrder } from './input-order';

/** An order as `order-summary` must show it; unknown values are null; if only payments are known, almost all are. */
export interface ExpectedOrder {
  readonly orderId: string;
  readonly customerId: string | null;
  readonly status: string | null;
  readonly currency: string | null;
  readonly placedAt: string | null;
  readonly amount: number | null;
  readonly paid: number;
  readonly confirmedAt: string | null;
  readonly handedOverAt: string | null;
  readonly deliveredAt: string | null;
}

/** An sku as `stock-level` must show it. */
export interface ExpectedStock {
  readonly onHand: number;
  readonly reserved: number;
  readonly available: number;
}

/** The facts of the accepted input; each accepted action adds to them. */
export interface Model {
  readonly accept: (step: Step) => void;
  /** Whether the order, according to the accepted actions, is in stock and fully paid and so must be confirmed. */
  readonly mustBeConfirmed: (orderId: string) => boolean;
  /** Orders that were placed, and orders that have payments only. */
  readonly orders: () => ReadonlyArray<ExpectedOrder>;
  readonly stock: () => ReadonlyMap<string, ExpectedStock>;
  /** The ids of the events that must follow without a command from the demonstration: confirmations, cancellations, refunds. */
  readonly owedEvents: () => ReadonlyArray<string>;
}

/** The accepted facts of one order. */
interface OrderFacts {
  readonly input: InputOrder;
  placed: boolean;
  /** Everything needed to confirm the order happened before it was cancelled. */
  confirmed: boolean;
  handedOver: boolean;
  delivered: boolean;
  cancelled: boolean;
  unavailable: boolean;
  declined: boolean;
  readonly authorised: Map<string, number>;
  readonly captured: Map<string, number>;
}

/** The amount of an order: its pieces and their freight. */
export const amountOf = (order: InputOrder): number =>
  order.lines.reduce((sum, line) => sum + line.quantity * line.unitPrice + line.freight, 0);

/** Returns a model in which nothing has been accepted yet. */
export const modelOf = (inputs: ReadonlyArray<InputOrder>): Model => {
  const facts = new Map(inputs.map((input) => [input.orderId, factsOf(input)]));
  const received = new Map<string, number>();
  const inStock = ({ input }: OrderFacts): boolean => input.lines.every((line) => received.has(line.sku));
  const mustBeConfirmed = (order: OrderFacts): boolean =>
    order.placed && !order.declined && inStock(order) && capturedSum(order) >= amountOf(order.input);
  const placed = (): ReadonlyArray<OrderFacts> => [...facts.values()].filter((order) => order.placed);
  return {
    accept: (step) => {
      if (step._tag === 'Receive') {
        received.set(step.sku, (received.get(step.sku) ?? 0) + step.quantity);
        return;
      }
      const order = facts.get(step.orderId);
      if (order === undefined) return;
      acceptOrderStep(order, step);
      order.confirmed ||= mustBeConfirmed(order) && !order.cancelled && !order.unavailable;
    },
    mustBeConfirmed: (orderId) => {
      const order = facts.get(orderId);
      return order !== undefined && mustBeConfirmed(order);
    },
    orders: () => [
      ...placed().map((order) => expectedOrder(order, inStock(order))),
      ...[...facts.values()].filter((order) => !order.placed && order.captured.size > 0).map(onlyPaid),
    ],
    stock: () => stockOf(received, placed().filter(inStock)),
    owedEvents: () => placed().flatMap((order) => owedEventsOf(order, inStock(order))),
  };
};

const factsOf = (input: InputOrder): OrderFacts => ({
  input,
  placed: false,
  confirmed: false,
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

/** Will be cancelled: the bank declines, or the warehouse has no stock. */
const isDoomed = (order: OrderFacts, inStock: boolean): boolean => order.declined || !inStock;

const isOff = (order: OrderFacts, inStock: boolean): boolean =>
  order.unavailable || order.cancelled || isDoomed(order, inStock);

const statusOf = (order: OrderFacts, inStock: boolean): string => {
  if (order.unavailable) return 'unavailable';
  if (order.cancelled || isDoomed(order, inStock)) return 'cancelled';
  if (order.delivered) return 'delivered';
  if (order.handedOver) return 'handed-over';
  return order.confirmed ? 'confirmed' : 'placed';
};

const expectedOrder = (order: OrderFacts, inStock: boolean): ExpectedOrder => {
  const { orderId, customerId, placedAt, approvedAt, handedOverAt, deliveredAt } = order.input;
  return {
    orderId,
    customerId,
    status: statusOf(order, inStock),
    currency: INPUT_CURRENCY,
    placedAt,
    amount: amountOf(order.input),
    paid: isOff(order, inStock) ? 0 : capturedSum(order),
    // Payments are collected when the order is approved; an order that costs nothing is confirmed once it is placed.
    confirmedAt: order.confirmed ? ((order.captured.size > 0 ? approvedAt : undefined) ?? placedAt) : null,
    handedOverAt: order.handedOver ? (handedOverAt ?? null) : null,
    deliveredAt: order.delivered ? (deliveredAt ?? null) : null,
  };
};

const onlyPaid = (order: OrderFacts): ExpectedOrder => ({
  orderId: order.input.orderId,
  customerId: null,
  status: null,
  currency: null,
  placedAt: null,
  amount: null,
  paid: capturedSum(order),
  confirmedAt: null,
  handedOverAt: null,
  deliveredAt: null,
});

const stockOf = (
  received: ReadonlyMap<string, number>,
  orders: ReadonlyArray<OrderFacts>,
): ReadonlyMap<string, ExpectedStock> => {
  const levels = new Map([...received].map(([sku, onHand]) => [sku, { onHand, reserved: 0 }]));
  for (const order of orders) {
    for (const { sku, quantity } of order.input.lines) {
      const level = levels.get(sku);
      if (level === undefined) continue;
      if (order.handedOver) level.onHand -= quantity;
      else if (!isOff(order, true)) level.reserved += quantity;
    }
  }
  return new Map([...levels].map(([sku, level]) => [sku, { ...level, available: level.onHand - level.reserved }]));
};

/** The second event of an order confirms or cancels it; the third event of a captured payment is its refund. */
const owedEventsOf = (order: OrderFacts, inStock: boolean): ReadonlyArray<string> => [
  ...(order.confirmed || isDoomed(order, inStock) ? [`order-${order.input.orderId}@2`] : []),
  ...(isOff(order, inStock) ? [...order.captured.keys()].map((paymentId) => `payment-${paymentId}@3`) : []),
];
