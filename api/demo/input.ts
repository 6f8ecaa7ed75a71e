/** The orders of the demonstration, and which of the server's data belongs to them. */
import type { Action } from './action';
import { actionsOf } from './actions';
import { generateOrders } from './generated-orders';
import type { InputOrder } from './input-order';
import { readOrders } from './order-files';

export interface Input {
  /** Where the orders come from, for display. */
  readonly source: string;
  readonly orders: ReadonlyArray<InputOrder>;
  readonly actions: ReadonlyArray<Action>;
  /** Whether the order is part of the input; the server may hold others. */
  readonly hasOrder: (orderId: string) => boolean;
  /** Whether the goods receipt was created for the input. */
  readonly hasReceipt: (receiptId: string) => boolean;
}

const GENERATED_ORDERS = 400;
const SEED = 1;

/** Reads the orders of a directory, or generates some. Throws UnusableOrders. */
export const inputFrom = (directory: string | undefined): Input =>
  directory === undefined
    ? inputOf(`${GENERATED_ORDERS} generated orders (seed ${SEED})`, generateOrders(GENERATED_ORDERS, SEED))
    : inputOf(`the orders of ${directory}`, readOrders(directory));

/** Makes the input of the given orders. */
export const inputOf = (source: string, orders: ReadonlyArray<InputOrder>): Input => {
  const actions = actionsOf(orders);
  const orderIds = new Set(orders.map(({ orderId }) => orderId));
  const receiptIds = new Set(actions.map(({ body }) => body['receiptId']));
  return {
    source,
    orders,
    actions,
    hasOrder: (orderId) => orderIds.has(orderId),
    hasReceipt: (receiptId) => receiptIds.has(receiptId),
  };
};
