/** From orders to actions: all commands that follow from an order's facts, in the order of business time. */
import type { Action, Step } from './action';
import { fingerprint } from './fingerprint';
import { INPUT_CURRENCY, type InputOrder, type InputPayment } from './input-order';

/** All actions of all orders in one global order: by time, and among equal times by which has to come first. */
export const actionsOf = (orders: ReadonlyArray<InputOrder>): ReadonlyArray<Action> =>
  [...receiptsOf(orders), ...orders.flatMap(orderActions)].sort(
    (left, right) => compare(left.at, right.at) || RANK[left.step._tag] - RANK[right.step._tag],
  );

const compare = (left: string, right: string): number => (left < right ? -1 : left > right ? 1 : 0);

/** Order of actions with the same time. */
const RANK: Readonly<Record<Step['_tag'], number>> = {
  Receive: 0,
  Place: 1,
  Authorise: 2,
  Decline: 3,
  Capture: 4,
  HandOver: 5,
  Deliver: 6,
  Cancel: 7,
  DeclareUnavailable: 8,
};

// -------------------------------------------------------------------------------------
// Stock
// -------------------------------------------------------------------------------------

const stockLane = (sku: string): string => `stock-${sku}`;

/** One receipt per sku, with the quantity that all its orders need, at the time of the first order. */
const receiptsOf = (orders: ReadonlyArray<InputOrder>): ReadonlyArray<Action> => {
  const needs = new Map<string, { readonly quantity: number; readonly at: string }>();
  for (const order of orders.filter((each) => each.inStock)) {
    for (const { sku, quantity } of order.lines) {
      const need = needs.get(sku) ?? { quantity: 0, at: order.placedAt };
      needs.set(sku, {
        quantity: need.quantity + quantity,
        at: order.placedAt < need.at ? order.placedAt : need.at,
      });
    }
  }
  return [...needs].map(([sku, { quantity, at }]) => receipt(sku, quantity, at));
};

const receipt = (sku: string, quantity: number, at: string): Action => ({
  at,
  lane: stockLane(sku),
  after: [],
  step: { _tag: 'Receive', sku, quantity },
  path: 'stock',
  id: sku,
  command: 'receive',
  // The id is a hash of the content: the same input repeats the receipt, another input creates a new one.
  body: { receiptId: `demo-${fingerprint(`${sku} ${quantity} ${at}`)}`, quantity, receivedAt: at },
});

// -------------------------------------------------------------------------------------
// Orders and payments
// -------------------------------------------------------------------------------------

const orderActions = (order: InputOrder): ReadonlyArray<Action> => [
  place(order),
  ...order.payments.flatMap((payment) => paymentActions(order, payment)),
  ...shipment(order),
  ...ending(order),
];

const place = (order: InputOrder): Action => {
  const { orderId, customerId, placedAt, lines } = order;
  const body = { customerId, currency: INPUT_CURRENCY, placedAt, lines };
  const action = orderAction(order, placedAt, 'place', { _tag: 'Place', orderId }, body);
  return { ...action, after: [...new Set(lines.map((line) => stockLane(line.sku)))] };
};

const paymentActions = (order: InputOrder, payment: InputPayment): ReadonlyArray<Action> => {
  const { orderId, placedAt, approvedAt } = order;
  const { paymentId, method, instalments, amount } = payment;
  const about = { orderId, paymentId };
  const action = (at: string, command: string, step: Step, body: Action['body']): Action => ({
    at,
    lane: orderId,
    after: [],
    step,
    path: 'payments',
    id: paymentId,
    command,
    body,
  });
  const authorise = action(
    placedAt,
    'authorise',
    { _tag: 'Authorise', ...about, amount },
    { orderId, method, instalments, amount, currency: INPUT_CURRENCY, authorisedAt: placedAt },
  );
  if (payment.declined) {
    const body = { orderId, amount, currency: INPUT_CURRENCY, reason: 'refused by the bank', declinedAt: placedAt };
    return [authorise, action(placedAt, 'decline', { _tag: 'Decline', ...about }, body)];
  }
  if (approvedAt === undefined) return [authorise];
  return [authorise, action(approvedAt, 'capture', { _tag: 'Capture', ...about }, { capturedAt: approvedAt })];
};

const shipment = (order: InputOrder): ReadonlyArray<Action> => {
  const { orderId, handedOverAt, deliveredAt } = order;
  const actions: Action[] = [];
  if (handedOverAt !== undefined) {
    const step: Step = { _tag: 'HandOver', orderId };
    actions.push(orderAction(order, handedOverAt, 'hand-to-carrier', step, { handedOverAt }));
  }
  if (deliveredAt !== undefined || order.status === 'delivered') {
    // Delivered at no known time: posted without the time, so that the API rejects it.
    const body = deliveredAt === undefined ? {} : { deliveredAt };
    actions.push(orderAction(order, deliveredAt ?? lastTimeOf(order), 'deliver', { _tag: 'Deliver', orderId }, body));
  }
  return actions;
};

/** The source has no time for cancellation or unavailability, so they come after everything else that is known. */
const ending = (order: InputOrder): ReadonlyArray<Action> => {
  const { orderId, status } = order;
  const at = lastTimeOf(order);
  switch (status) {
    case 'canceled':
      return [
        orderAction(
          order,
          at,
          'cancel',
          { _tag: 'Cancel', orderId },
          { reason: 'cancelled in the source', cancelledAt: at },
        ),
      ];
    case 'unavailable':
      return [
        orderAction(
          order,
          at,
          'declare-unavailable',
          { _tag: 'DeclareUnavailable', orderId },
          { reason: 'unavailable in the source', declaredAt: at },
        ),
      ];
    default:
      return [];
  }
};

const lastTimeOf = ({ placedAt, approvedAt, handedOverAt, deliveredAt }: InputOrder): string =>
  [approvedAt, handedOverAt, deliveredAt].reduce<string>(
    (latest, time) => (time !== undefined && time > latest ? time : latest),
    placedAt,
  );

const orderAction = (
  { orderId }: InputOrder,
  at: string,
  command: string,
  step: Step,
  body: Action['body'],
): Action => ({ at, lane: orderId, after: [], step, path: 'orders', id: orderId, command, body });
