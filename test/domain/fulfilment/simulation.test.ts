/** Whatever clients do and whatever fails in between: once no step is left, stock, payments and orders are consistent. */
import fc from 'fast-check';
import * as assert from 'uvu/assert';
import type { OrderState } from '../../../domain/order/order';
import type { PaymentState } from '../../../domain/payment/payment';
import type { StockState } from '../../../domain/stock/stock';
import { spec } from '../../spec';
import { holds } from '../arbitraries';
import { SimulatedWorld } from './simulated-world';

const ORDERS = ['o1', 'o2', 'o3'];
const SKUS = ['a', 'b'];
const PAYMENTS = ['p1', 'p2', 'p3', 'p4', 'p5'];
const NUMBER_OF_RUNS = 1_500;

// -------------------------------------------------------------------------------------
// What can happen
// -------------------------------------------------------------------------------------

type Act = (world: SimulatedWorld) => void;

const on = (day: number): string => `2017-07-${String(day).padStart(2, '0')}T00:00:00Z`;
const pick = fc.nat({ max: 1_000 });
const order = fc.constantFrom(...ORDERS);
const quantity = fc.integer({ min: 1, max: 3 });

const sends = (
  acts: fc.Arbitrary<readonly [category: string, id: string, type: string, body: unknown]>,
): fc.Arbitrary<Act> => acts.map((act) => (world) => void world.send(...act));

const line = fc.record({
  sku: fc.constantFrom(...SKUS),
  quantity,
  unitPrice: fc.constant(100),
  freight: fc.constant(0),
});

const place = sends(
  fc
    .tuple(order, fc.array(line, { minLength: 1, maxLength: 2 }))
    .map(([id, lines]) => ['order', id, 'place', { customerId: 'c1', currency: 'BRL', placedAt: on(1), lines }]),
);

const receive = sends(
  fc
    .tuple(fc.constantFrom(...SKUS), fc.constantFrom('r1', 'r2', 'r3'), quantity)
    .map(([sku, receiptId, pieces]) => [
      'stock',
      sku,
      'receive',
      { receiptId, quantity: 2 * pieces, receivedAt: on(1) },
    ]),
);

const payment = fc
  .tuple(fc.integer({ min: 0, max: PAYMENTS.length - 1 }), fc.integer({ min: 1, max: 6 }))
  .map(([index, hundreds]) => ({
    id: PAYMENTS[index] ?? 'p1',
    identity: { orderId: ORDERS[index % ORDERS.length], amount: hundreds * 100, currency: 'BRL' },
  }));

const pay: fc.Arbitrary<Act> = payment.map(({ id, identity }) => (world) => {
  world.send('payment', id, 'authorise', { ...identity, method: 'boleto', instalments: 1, authorisedAt: on(2) });
  world.send('payment', id, 'capture', { capturedAt: on(3) });
});

const decline = sends(
  payment.map(({ id, identity }) => ['payment', id, 'decline', { ...identity, reason: 'any', declinedAt: on(3) }]),
);

const refundPart = sends(
  fc
    .constantFrom(...PAYMENTS)
    .map((id) => ['payment', id, 'refund', { refundId: 'by-hand', amount: 50, refundedAt: on(4) }]),
);

const step = sends(
  fc.tuple(
    fc.constant('order'),
    order,
    fc.constantFrom(
      'hand-to-carrier',
      'hand-to-carrier',
      'hand-to-carrier',
      'deliver',
      'cancel',
      'declare-unavailable',
    ),
    fc.constant({ handedOverAt: on(10), deliveredAt: on(20), reason: 'any', cancelledAt: on(12), declaredAt: on(5) }),
  ),
);

/** An order without obstacles, so that some get far. */
const placeAndPay: fc.Arbitrary<Act> = fc.nat({ max: ORDERS.length - 1 }).map((index) => (world) => {
  const id = ORDERS[index] ?? 'o1';
  const lines = [{ sku: 'a', quantity: 1, unitPrice: 100, freight: 0 }];
  const identity = { orderId: id, amount: 100, currency: 'BRL' };
  world.send('stock', 'a', 'receive', { receiptId: `for-${id}`, quantity: 1, receivedAt: on(1) });
  world.send('order', id, 'place', { customerId: 'c1', currency: 'BRL', placedAt: on(1), lines });
  world.send('payment', PAYMENTS[index] ?? 'p1', 'authorise', {
    ...identity,
    method: 'boleto',
    instalments: 1,
    authorisedAt: on(2),
  });
  world.send('payment', PAYMENTS[index] ?? 'p1', 'capture', { capturedAt: on(3) });
});

/** A period without faults. */
const quietHour: fc.Arbitrary<Act> = fc.array(pick, { minLength: 12, maxLength: 12 }).map((picks) => (world) => {
  for (const each of picks) if (!world.deliver(each)) world.perform(each, false);
});

const machinery: fc.Arbitrary<Act> = fc.oneof(
  {
    arbitrary: pick.map(
      (n): Act =>
        (world) =>
          void world.deliver(n),
    ),
    weight: 12,
  },
  {
    arbitrary: pick.map(
      (n): Act =>
        (world) =>
          void world.perform(n, n % 4 === 0),
    ),
    weight: 8,
  },
  { arbitrary: quietHour, weight: 3 },
  { arbitrary: fc.constant<Act>((world) => world.redeliverEverything()), weight: 1 },
  { arbitrary: fc.constant<Act>((world) => world.forgetEverything()), weight: 1 },
);

const people: fc.Arbitrary<Act> = fc.oneof(
  { arbitrary: place, weight: 3 },
  { arbitrary: placeAndPay, weight: 3 },
  { arbitrary: receive, weight: 3 },
  { arbitrary: pay, weight: 4 },
  { arbitrary: step, weight: 3 },
  { arbitrary: decline, weight: 1 },
  { arbitrary: refundPart, weight: 1 },
);

const acts = fc.array(fc.oneof({ arbitrary: people, weight: 1 }, { arbitrary: machinery, weight: 2 }), {
  maxLength: 80,
  size: 'max',
});

// -------------------------------------------------------------------------------------
// What has to hold
// -------------------------------------------------------------------------------------

const stockOf = (world: SimulatedWorld, sku: string): StockState => world.stateOf('stock', sku) as StockState;
const orderOf = (world: SimulatedWorld, id: string): OrderState => world.stateOf('order', id) as OrderState;
const paymentsOf = (world: SimulatedWorld, orderId: string): ReadonlyArray<PaymentState> =>
  PAYMENTS.map((id) => world.stateOf('payment', id) as PaymentState).filter(
    ({ captured, declined }) => (captured ?? declined)?.orderId === orderId,
  );

const isClosed = ({ cancelledAt, unavailableAt }: OrderState): boolean =>
  cancelledAt !== undefined || unavailableAt !== undefined;

const capturedFor = (world: SimulatedWorld, orderId: string): number =>
  paymentsOf(world, orderId).reduce((sum, { captured }) => sum + (captured?.amount ?? 0), 0);

const lacks = (world: SimulatedWorld, orderId: string, { placed }: OrderState): ReadonlyArray<string> =>
  SKUS.filter((sku) => {
    const needed = (placed?.lines ?? []).reduce((sum, each) => (each.sku === sku ? sum + each.quantity : sum), 0);
    const reservation = stockOf(world, sku).reservations.get(orderId);
    return needed > 0 && (reservation === undefined || reservation.quantity !== needed);
  });

const assertStock = (world: SimulatedWorld): void => {
  for (const sku of SKUS) {
    const { onHand, reserved, receipts, reservations } = stockOf(world, sku);
    assert.ok(onHand >= reserved && reserved >= 0, `${sku}: on hand ${onHand}, reserved ${reserved}`);
    const received = receipts.entries().reduce((sum, [, pieces]) => sum + pieces, 0);
    const gone = reservations
      .entries()
      .reduce((sum, [, each]) => (each.status === 'dispatched' ? sum + each.quantity : sum), 0);
    assert.is(onHand, received - gone);
  }
};

const assertClosed = (world: SimulatedWorld, id: string, { handedOverAt }: OrderState): void => {
  for (const sku of SKUS) {
    const status = stockOf(world, sku).reservations.get(id)?.status;
    assert.ok(
      status === undefined || status === (handedOverAt === undefined ? 'released' : 'dispatched'),
      `${id} ${sku} ${status ?? ''}`,
    );
  }
  for (const { captured, refundedAmount } of paymentsOf(world, id)) assert.is(refundedAmount, captured?.amount ?? 0);
};

const assertConfirmed = (world: SimulatedWorld, id: string, state: OrderState): void => {
  assert.equal(lacks(world, id, state), [], `${id} is confirmed, so it lacks nothing`);
  assert.ok(capturedFor(world, id) >= (state.placed?.amount ?? 0), `${id} is confirmed, so it is paid`);
};

const assertOrder = (world: SimulatedWorld, id: string): void => {
  const state = orderOf(world, id);
  if (state.confirmedAt !== undefined) assertConfirmed(world, id, state);
  if (isClosed(state)) {
    assertClosed(world, id, state);
    return;
  }
  const statuses = SKUS.map((sku) => stockOf(world, sku).reservations.get(id)?.status ?? 'none');
  if (state.handedOverAt !== undefined) assert.not(statuses.includes('reserved'), `${id} left, so its goods left`);
  if (state.placed === undefined || state.confirmedAt !== undefined) return;
  assert.equal(lacks(world, id, state), [], `${id} is open, so no reservation was refused`);
  assert.not(
    paymentsOf(world, id).some(({ declined }) => declined !== undefined),
    `${id} is open, so nothing was declined`,
  );
  assert.ok(capturedFor(world, id) < state.placed.amount, `${id} is open, so it is not paid in full`);
};

const outcomeOf = (world: SimulatedWorld, id: string): string => {
  const state = orderOf(world, id);
  const paid = capturedFor(world, id) > 0 ? 'paid' : 'unpaid';
  return `${Object.keys(state)
    .filter((key) => key.endsWith('At'))
    .join(' ')} ${paid}`.trim();
};

spec('fulfilment: simulation', ({ test }) => {
  for (const remembersAnswers of [true, false])
    test(`is consistent where the API ${remembersAnswers ? 'remembers' : 'has forgotten'} its responses`, () => {
      const seen = new Set<string>();
      const settling = fc.array(pick, { minLength: 7, maxLength: 7 });
      const property = fc.property(acts, settling, (doings, picks) => {
        const world = new SimulatedWorld(remembersAnswers);
        for (const act of doings) {
          act(world);
          assertStock(world);
        }
        world.settle(picks);
        assertStock(world);
        for (const id of ORDERS) assertOrder(world, id);
        for (const [id, times] of world.effects) assert.is(times, 1, `${id} took effect ${times} times`);
        for (const id of ORDERS) seen.add(outcomeOf(world, id));
        for (const answer of world.answered) seen.add(answer);
      });
      holds(property, NUMBER_OF_RUNS);
      for (const expected of EXPECTED)
        assert.ok(seen.has(expected), `'${expected}' among ${[...seen].sort().join(', ')}`);
    });
});

/** What must have happened in some run for the runs to be meaningful. */
const EXPECTED = [
  'confirmedAt paid',
  'cancelledAt paid',
  'unavailableAt paid',
  'confirmedAt handedOverAt deliveredAt paid',
  'confirmedAt handedOverAt cancelledAt paid',
  'reserve accepted',
  'reserve StockNotAvailable',
  'confirm accepted',
  'cancel accepted',
  'cancel OrderAlreadyConfirmed',
  'dispatch accepted',
  'release accepted',
  'refund accepted',
];
