/**
 * The law of interleaving. Take any history of an order, its stock and its payments. Deliver it in any two interleavings
 * that keep the order within each stream, with any inputs delivered repeatedly. Then
 *
 * 1. the known facts at the end are identical (except for the verdict);
 * 2. the issued reservations, dispatches, releases and refunds are the same, ids and bodies;
 * 3. no id ever has two bodies, and no interleaving issues a command twice;
 * 4. no interleaving issues both a confirmation and a cancellation;
 * 5. the confirmation or cancellation is the same too, unless the history itself is a race: the order is closed
 *    meanwhile, or one payment is declined while others pay in full, or it is paid more than once over (then only the
 *    confirmation's time may differ).
 */
import fc from 'fast-check';
import * as assert from 'uvu/assert';
import type { FulfilmentState } from '../../../domain/fulfilment/facts';
import { fulfilment } from '../../../domain/fulfilment/fulfilment';
import type { ProcessCommand, ProcessInput } from '../../../domain/kernel/process-manager';
import {
  OrderCancelled,
  OrderDeclaredUnavailable,
  OrderHandedToCarrier,
  OrderPlaced,
} from '../../../domain/order/events';
import { PaymentCaptured, PaymentDeclined } from '../../../domain/payment/events';
import { StockReserved } from '../../../domain/stock/events';
import { spec } from '../../spec';
import { holds } from '../arbitraries';
import { eventInput, refusedInput } from './process-inputs';

// -------------------------------------------------------------------------------------
// Random histories
// -------------------------------------------------------------------------------------

const time = fc.integer({ min: 1, max: 28 }).map((day) => `2017-07-${String(day).padStart(2, '0')}T00:00:00Z`);

const history = fc.record({
  lines: fc.array(fc.record({ sku: fc.constantFrom('a', 'b', 'c'), quantity: fc.integer({ min: 1, max: 2 }) }), {
    minLength: 1,
    maxLength: 3,
  }),
  isPlaced: fc.integer({ min: 0, max: 9 }).map((digit) => digit > 0),
  placedAt: time,
  afterPlacing: fc.constantFrom('', '', '', 'handed over', 'cancelled', 'unavailable', 'handed over, cancelled'),
  laterAt: time,
  stock: fc.array(
    fc.record({ fate: fc.constantFrom('reserved', 'reserved', 'reserved', 'refused', 'silent'), at: time }),
    {
      minLength: 3,
      maxLength: 3,
    },
  ),
  payments: fc.array(
    fc.record({
      isDeclined: fc.integer({ min: 0, max: 5 }).map((digit) => digit === 0),
      hundreds: fc.integer({ min: 1, max: 6 }),
      currency: fc.constantFrom('BRL', 'BRL', 'BRL', 'EUR'),
      at: time,
    }),
    { maxLength: 4 },
  ),
});

type History = typeof history extends fc.Arbitrary<infer Value> ? Value : never;

const needsOf = ({ lines }: History): ReadonlyMap<string, number> => {
  const needs = new Map<string, number>();
  for (const { sku, quantity } of lines) needs.set(sku, (needs.get(sku) ?? 0) + quantity);
  return needs;
};

const amountOf = ({ lines }: History): number => lines.reduce((sum, { quantity }) => sum + 100 * quantity, 0);

/** The history as streams of inputs; within each, the order is fixed. */
const streamsOf = (given: History): ReadonlyArray<ReadonlyArray<ProcessInput>> => {
  const facts = { orderId: 'o1', customerId: 'c1', currency: 'BRL', amount: amountOf(given), placedAt: given.placedAt };
  const lines = given.lines.map((line) => ({ ...line, unitPrice: 100, freight: 0 }));
  const placed = eventInput('order-o1', 1, OrderPlaced.of({ ...facts, lines }));
  const reserveCommands = fulfilment.step(fulfilment.initialState, placed).commands;

  const order: ProcessInput[] = given.isPlaced ? [placed] : [];
  const at = given.laterAt;
  if (given.isPlaced && given.afterPlacing.startsWith('handed over'))
    order.push(eventInput('order-o1', 3, OrderHandedToCarrier.of({ ...facts, handedOverAt: at })));
  if (given.isPlaced && given.afterPlacing.endsWith('cancelled'))
    order.push(eventInput('order-o1', 4, OrderCancelled.of({ ...facts, reason: 'any', cancelledAt: at })));
  if (given.isPlaced && given.afterPlacing === 'unavailable')
    order.push(eventInput('order-o1', 4, OrderDeclaredUnavailable.of({ ...facts, reason: 'any', declaredAt: at })));

  const stock = reserveCommands.map((command, index): ReadonlyArray<ProcessInput> => {
    const { fate, at: reservedAt } = given.stock[index] ?? { fate: 'silent', at };
    const quantity = needsOf(given).get(command.aggregateId) ?? 0;
    if (fate === 'refused') return [refusedInput(command, 'StockNotAvailable')];
    if (fate === 'silent') return [];
    const reserved = StockReserved.of({ sku: command.aggregateId, orderId: 'o1', quantity, reservedAt });
    return [eventInput(`stock-${command.aggregateId}`, 5, reserved)];
  });

  const payments = given.payments.map(({ isDeclined, hundreds, currency, at: paidAt }, index) => {
    const payment = { paymentId: `p${index}`, orderId: 'o1', amount: hundreds * 100, currency };
    return [
      isDeclined
        ? eventInput(`payment-p${index}`, 2, PaymentDeclined.of({ ...payment, reason: 'any', declinedAt: paidAt }))
        : eventInput(`payment-p${index}`, 2, PaymentCaptured.of({ ...payment, capturedAt: paidAt })),
    ];
  });
  return [order, ...stock, ...payments];
};

/** Whether the fate of the order depends on the sequence of arrival. */
const isRace = (given: History): boolean => {
  if (given.afterPlacing !== '' && given.afterPlacing !== 'handed over') return true;
  const needs = [...needsOf(given).keys()];
  const isReserved = needs.every((_sku, index) => given.stock[index]?.fate === 'reserved');
  const paid = given.payments.filter(({ isDeclined, currency }) => !isDeclined && currency === 'BRL');
  const excess = paid.reduce((sum, { hundreds }) => sum + hundreds * 100, 0) - amountOf(given);
  if (!isReserved || excess < 0) return false;
  return given.payments.some(({ isDeclined }) => isDeclined) || paid.some(({ hundreds }) => hundreds * 100 <= excess);
};

// -------------------------------------------------------------------------------------
// Random deliveries
// -------------------------------------------------------------------------------------

const picks = fc.array(fc.nat({ max: 1_000_000 }), { minLength: 12, maxLength: 12 });

/** One interleaving: each pick takes the next input of some stream, or delivers an input again that was delivered. */
const interleave = (
  streams: ReadonlyArray<ReadonlyArray<ProcessInput>>,
  choices: ReadonlyArray<number>,
): ReadonlyArray<ProcessInput> => {
  const delivered: ProcessInput[] = [];
  const waiting = streams.map((stream) => [...stream]);
  for (let turn = 0; ; turn += 1) {
    const open = waiting.filter((stream) => stream.length > 0);
    if (open.length === 0) return [...delivered, ...delivered];
    const choice = choices[turn % choices.length] ?? 0;
    const again = delivered[choice % (delivered.length + 1)];
    const next = open[choice % open.length]?.shift();
    if (next !== undefined) delivered.push(next);
    if (again !== undefined && choice % 3 === 0) delivered.push(again);
  }
};

interface Run {
  readonly state: FulfilmentState;
  readonly asked: ReadonlyArray<ProcessCommand>;
}

const run = (inputs: ReadonlyArray<ProcessInput>): Run => {
  const asked: ProcessCommand[] = [];
  let state = fulfilment.initialState;
  for (const input of inputs) {
    const step = fulfilment.step(state, input);
    asked.push(...step.commands);
    state = step.state;
  }
  return { state, asked };
};

const knowledge = ({ state }: Run): string => JSON.stringify({ ...state, verdict: null });

const texts = (commands: ReadonlyArray<ProcessCommand>): ReadonlyArray<string> =>
  commands.map((command) => JSON.stringify(command)).sort();

const consequences = ({ asked }: Run): ReadonlyArray<string> =>
  texts(asked.filter(({ category }) => category !== 'order'));

const forAnyTwoInterleavings = (law: (given: History, left: Run, right: Run) => void): void =>
  holds(
    fc.property(history, picks, picks, (given, one, other) => {
      const streams = streamsOf(given);
      law(given, run(interleave(streams, one)), run(interleave([...streams].reverse(), other)));
    }),
    1_500,
  );

// -------------------------------------------------------------------------------------
// The law
// -------------------------------------------------------------------------------------

spec('fulfilment: any interleaving', ({ test }) => {
  test('the known facts at the end are identical', () =>
    forAnyTwoInterleavings((_given, left, right) => assert.is(knowledge(left), knowledge(right))));

  test('the issued reservations, dispatches, releases and refunds are the same', () =>
    forAnyTwoInterleavings((_given, left, right) => assert.equal(consequences(left), consequences(right))));

  test('no id has two bodies, and no command is issued twice', () =>
    forAnyTwoInterleavings((_given, left, right) => {
      const bodies = new Map(left.asked.map((command) => [command.id, JSON.stringify(command)]));
      assert.is(bodies.size, left.asked.length);
      for (const command of right.asked)
        assert.is(bodies.get(command.id) ?? JSON.stringify(command), JSON.stringify(command));
    }));

  test('no interleaving issues both a confirmation and a cancellation', () =>
    forAnyTwoInterleavings((_given, { asked }) => {
      const kinds = new Set(asked.filter(({ category }) => category === 'order').map(({ type }) => type));
      assert.ok(kinds.size <= 1, [...kinds].join(' and '));
    }));

  test('confirmation or cancellation is the same as well, unless the history is a race', () => {
    const seen = { confirm: 0, cancel: 0, races: 0 };
    forAnyTwoInterleavings((given, left, right) => {
      if (isRace(given)) return void (seen.races += 1);
      assert.equal(texts(left.asked), texts(right.asked));
      assert.equal(left.state, right.state);
      if (left.state.verdict !== null) seen[left.state.verdict.to] += 1;
    });
    assert.ok(Math.min(...Object.values(seen)) > 50, `the histories say something: ${JSON.stringify(seen)}`);
  });
});
