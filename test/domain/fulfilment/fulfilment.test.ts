import * as assert from 'uvu/assert';
import { fulfilment, fulfilmentWithin } from '../../../domain/fulfilment/fulfilment';
import type { ProcessCommand, ProcessInput } from '../../../domain/kernel/process-manager';
import {
  OrderCancelled,
  OrderDeclaredUnavailable,
  OrderHandedToCarrier,
  OrderPlaced,
} from '../../../domain/order/events';
import { PaymentAuthorised, PaymentCaptured, PaymentDeclined } from '../../../domain/payment/events';
import { StockReserved } from '../../../domain/stock/events';
import { spec } from '../../spec';
import { eventInput, outcomeInput, recorded, refusedInput } from './process-inputs';

// -------------------------------------------------------------------------------------
// One order of two articles, and what may happen to it
// -------------------------------------------------------------------------------------

const placedAt = '2017-07-01T00:00:00Z';
const facts = { orderId: 'o1', customerId: 'c1', currency: 'BRL', amount: 1000, placedAt };
const lines = [
  { sku: 'cup', quantity: 2, unitPrice: 100, freight: 0 },
  { sku: 'kettle', quantity: 1, unitPrice: 500, freight: 0 },
  { sku: 'cup', quantity: 3, unitPrice: 100, freight: 0 },
];
const placed = eventInput('order-o1', 1, OrderPlaced.of({ ...facts, lines }));
const cancelled = eventInput(
  'order-o1',
  2,
  OrderCancelled.of({ ...facts, reason: 'changed mind', cancelledAt: '2017-07-05T00:00:00Z' }),
);
const unavailable = eventInput(
  'order-o1',
  2,
  OrderDeclaredUnavailable.of({ ...facts, reason: 'gone', declaredAt: '2017-07-05T00:00:00Z' }),
);
const handedOver = eventInput(
  'order-o1',
  3,
  OrderHandedToCarrier.of({ ...facts, handedOverAt: '2017-07-04T00:00:00Z' }),
);
const cancelledInTransit = eventInput(
  'order-o1',
  4,
  OrderCancelled.of({ ...facts, reason: 'lost', cancelledAt: '2017-07-05T00:00:00Z' }),
);

const reservedOf = (sku: string, quantity: number, reservedAt = placedAt): ProcessInput =>
  eventInput(`stock-${sku}`, 7, StockReserved.of({ sku, orderId: 'o1', quantity, reservedAt }));
const cupReserved = reservedOf('cup', 5);
const kettleReserved = reservedOf('kettle', 1);

const capturedOf = (paymentId: string, amount: number, capturedAt: string, currency = 'BRL'): ProcessInput =>
  eventInput(`payment-${paymentId}`, 2, PaymentCaptured.of({ paymentId, orderId: 'o1', currency, amount, capturedAt }));
const declinedOf = (paymentId: string, declinedAt = '2017-07-03T00:00:00Z'): ProcessInput => {
  const data = { paymentId, orderId: 'o1', currency: 'BRL', amount: 1000, reason: 'stolen card', declinedAt };
  return eventInput(`payment-${paymentId}`, 2, PaymentDeclined.of(data));
};
const paidInFull = capturedOf('p1', 1000, '2017-07-02T00:00:00Z');

/** The commands that the process issues for the last of these inputs. */
const askedAfter = (...inputs: ReadonlyArray<ProcessInput>): ReadonlyArray<ProcessCommand> => {
  let step = { state: fulfilment.initialState, commands: [] as ReadonlyArray<ProcessCommand> };
  for (const input of inputs) step = fulfilment.step(step.state, input);
  return step.commands;
};

/** A command without the fields that say where it came from. */
const essence = ({ category, aggregateId, type, data }: ProcessCommand): unknown => [
  `${category}-${aggregateId}`,
  type,
  data,
];

const asks = (inputs: ReadonlyArray<ProcessInput>, ...expected: ReadonlyArray<unknown>): void =>
  assert.equal(askedAfter(...inputs).map(essence), expected);

const [reserveCup, reserveKettle] = askedAfter(placed);
const [cupRefused, kettleRefused] = [reserveCup, reserveKettle].map((command) => {
  if (command === undefined) throw new Error('placing asks for two reservations');
  return refusedInput(command, 'StockNotAvailable');
});
if (cupRefused === undefined || kettleRefused === undefined) throw new Error('both are there');

const cancelOf = (reason: string, cancelledAt: string): unknown => [
  'order-o1',
  'cancel',
  { reason, cancelledAt, unlessConfirmed: true },
];

// -------------------------------------------------------------------------------------
// What follows
// -------------------------------------------------------------------------------------

spec('fulfilment: towards a confirmed order', ({ test }) => {
  test('a placed order reserves each article once, the pieces of its lines together', () =>
    asks(
      [placed],
      ['stock-cup', 'reserve', { orderId: 'o1', quantity: 5, reservedAt: placedAt }],
      ['stock-kettle', 'reserve', { orderId: 'o1', quantity: 1, reservedAt: placedAt }],
    ));
  test('reserved and paid in full, it is confirmed with the latest of the times of its reservations and payments', () => {
    const confirmed = ['order-o1', 'confirm', { confirmedAt: '2017-07-02T00:00:00Z' }];
    asks([placed, cupReserved, kettleReserved, paidInFull], confirmed);
    asks([placed, paidInFull, cupReserved, kettleReserved], confirmed);
    asks([paidInFull, kettleReserved, cupReserved, placed].slice(0, 3));
    assert.equal(askedAfter(paidInFull, kettleReserved, cupReserved, placed).map(essence).at(-1), confirmed);
  });
  test('several payments pay one order', () => {
    const parts = [capturedOf('p2', 600, '2017-07-08T00:00:00Z'), capturedOf('p1', 400, '2017-07-03T00:00:00Z')];
    asks(
      [placed, cupReserved, kettleReserved, ...parts],
      ['order-o1', 'confirm', { confirmedAt: '2017-07-08T00:00:00Z' }],
    );
  });
  test('nothing is confirmed that lacks an article, a cent, or the right currency', () => {
    asks([placed, cupReserved, paidInFull]);
    asks([placed, cupReserved, reservedOf('kettle', 2), paidInFull]);
    asks([placed, cupReserved, kettleReserved, capturedOf('p1', 999, placedAt)]);
    asks([placed, cupReserved, kettleReserved, capturedOf('p1', 1000, placedAt, 'EUR')]);
  });
  test('an order that costs nothing is paid from the start', () => {
    const free = OrderPlaced.of({
      ...facts,
      amount: 0,
      lines: [{ sku: 'kettle', quantity: 1, unitPrice: 0, freight: 0 }],
    });
    asks([eventInput('order-o1', 1, free), kettleReserved], ['order-o1', 'confirm', { confirmedAt: placedAt }]);
  });
  test('payments beyond the amount issue no further command', () =>
    asks([placed, cupReserved, kettleReserved, paidInFull, capturedOf('p2', 5, '2017-07-09T00:00:00Z')]));
});

spec('fulfilment: towards a cancelled order', ({ test }) => {
  test('an article that cannot be reserved cancels the order, and says which', () =>
    asks([placed, cupRefused], cancelOf('article cup could not be reserved: StockNotAvailable', placedAt)));
  test('a declined payment cancels the order, and says which', () =>
    asks([placed, declinedOf('p9')], cancelOf('payment p9 was declined', '2017-07-03T00:00:00Z')));
  test('a payment declined before the order is known cancels it as soon as it is', () =>
    assert.equal(
      askedAfter(declinedOf('p9', '2017-06-01T00:00:00Z'), placed).map(({ type }) => type),
      ['reserve', 'reserve', 'cancel'],
    ));
  test('it is never cancelled before it was placed', () =>
    assert.equal(
      askedAfter(declinedOf('p9', '2017-06-01T00:00:00Z'), placed).map(essence).at(-1),
      cancelOf('payment p9 was declined', placedAt),
    ));
  test('every cause issues its own command, so that no id has two bodies', () => {
    const [first] = askedAfter(placed, cupRefused);
    const [second] = askedAfter(placed, cupRefused, kettleRefused);
    assert.is.not(first?.id, second?.id);
    assert.equal(
      second === undefined ? [] : essence(second),
      cancelOf('article kettle could not be reserved: StockNotAvailable', placedAt),
    );
  });
  test('it never confirms what it has cancelled, nor cancels what it has confirmed', () => {
    asks([placed, declinedOf('p9'), cupReserved, kettleReserved, paidInFull]);
    asks([placed, cupReserved, kettleReserved, paidInFull, declinedOf('p9')]);
  });
  test('an order that was closed otherwise is neither confirmed nor cancelled', () => {
    for (const closed of [cancelled, unavailable]) {
      asks([placed, closed, declinedOf('p9')]);
      asks([placed, closed, cupRefused]);
      assert.not(
        askedAfter(placed, closed, cupReserved, kettleReserved, paidInFull).some(({ type }) => type === 'confirm'),
      );
    }
  });
});

spec('fulfilment: consequences', ({ test }) => {
  test('a closed order releases its reservations and refunds its payments', () => {
    for (const closed of [cancelled, unavailable])
      asks(
        [placed, cupReserved, paidInFull, closed],
        ['stock-cup', 'release', { orderId: 'o1', releasedAt: '2017-07-05T00:00:00Z' }],
        ['payment-p1', 'refund', { refundId: 'order-called-off', refundedAt: '2017-07-05T00:00:00Z' }],
      );
  });
  test('what arrives after the end is released or refunded too, with no earlier time', () => {
    asks(
      [placed, cancelled, reservedOf('cup', 5, '2017-07-06T00:00:00Z')],
      ['stock-cup', 'release', { orderId: 'o1', releasedAt: '2017-07-06T00:00:00Z' }],
    );
    asks(
      [placed, cancelled, capturedOf('p1', 1000, '2017-07-07T00:00:00Z')],
      ['payment-p1', 'refund', { refundId: 'order-called-off', refundedAt: '2017-07-07T00:00:00Z' }],
    );
  });
  test('with the carrier, what is reserved is dispatched, also what is reported late', () => {
    asks(
      [placed, cupReserved, handedOver],
      ['stock-cup', 'dispatch', { orderId: 'o1', dispatchedAt: '2017-07-04T00:00:00Z' }],
    );
    asks(
      [placed, handedOver, kettleReserved],
      ['stock-kettle', 'dispatch', { orderId: 'o1', dispatchedAt: '2017-07-04T00:00:00Z' }],
    );
  });
  test('cancelled in transit, the goods are gone and the money goes back', () => {
    asks(
      [placed, cupReserved, paidInFull, handedOver, cancelledInTransit],
      ['payment-p1', 'refund', { refundId: 'order-called-off', refundedAt: '2017-07-05T00:00:00Z' }],
    );
    asks(
      [placed, handedOver, cancelledInTransit, cupReserved],
      ['stock-cup', 'dispatch', { orderId: 'o1', dispatchedAt: '2017-07-04T00:00:00Z' }],
    );
  });
  test('payments and reservations for an order that was never placed have no consequences', () => {
    asks([paidInFull]);
    asks([declinedOf('p9')]);
    asks([cupReserved]);
  });
});

spec('fulfilment: ids and repeats', ({ test }) => {
  test("a command's id, cause and correlation come from the event that caused it", () => {
    const identity = ({ id, causationId, correlationId }: ProcessCommand): unknown => [id, causationId, correlationId];
    const last = (...inputs: ReadonlyArray<ProcessInput>): unknown =>
      askedAfter(...inputs)
        .map(identity)
        .at(-1);
    const expected = (id: string, stream: string): unknown => [
      `fulfilment/${id}`,
      id.slice(0, id.indexOf('/')),
      `correlation of ${stream}`,
    ];
    assert.equal(last(placed), expected('order-o1@1/reserve/kettle', 'order-o1'));
    const confirmId = 'order-o1@1/confirm/2017-07-02T00:00:00Z';
    assert.equal(last(placed, cupReserved, kettleReserved, paidInFull), expected(confirmId, 'order-o1'));
    assert.equal(last(placed, cupRefused), expected('order-o1@1/cancel/cup', 'order-o1'));
    assert.equal(last(placed, declinedOf('p9')), expected('payment-p9@2/cancel', 'payment-p9'));
    assert.equal(last(placed, cancelled, cupReserved), expected('stock-cup@7/release', 'stock-cup'));
    assert.equal(last(placed, cancelled, paidInFull), expected('payment-p1@2/refund', 'payment-p1'));
    assert.equal(last(placed, cupReserved, handedOver), expected('order-o1@3/dispatch/cup', 'order-o1'));
  });
  test('repeated inputs issue no command again', () => {
    for (const input of [placed, cupReserved, kettleReserved, paidInFull, handedOver, cancelledInTransit])
      asks([placed, cupReserved, kettleReserved, paidInFull, handedOver, cancelledInTransit, input]);
  });
  test('a rejected command is remembered and has no consequences; only a rejected reservation cancels', () => {
    const [confirm] = askedAfter(placed, cupReserved, kettleReserved, paidInFull);
    if (confirm === undefined) throw new Error('it asks for the confirmation');
    const refused = refusedInput(confirm, 'OrderAlreadyCancelled');
    asks([placed, cupReserved, kettleReserved, paidInFull, refused]);
    assert.equal(fulfilment.step(fulfilment.initialState, refused).state.refusals, [
      { id: confirm.id, command: 'confirm', aggregateId: 'o1', rejectionType: 'OrderAlreadyCancelled' },
    ]);
    const accepted = outcomeInput({ _tag: 'Accepted', command: confirm });
    assert.equal(fulfilment.step(fulfilment.initialState, accepted).state, fulfilment.initialState);
  });
  test('its state is plain JSON', () => {
    let { state } = fulfilment.step(fulfilment.initialState, placed);
    for (const input of [cupReserved, cupRefused, paidInFull, declinedOf('p9'), cancelled])
      state = fulfilment.step(state, input).state;
    assert.equal(JSON.parse(JSON.stringify(state)), state);
  });
  test('an event belongs to the process of its order, and one that it does not handle to none', () => {
    for (const input of [placed, cancelled, unavailable, handedOver, cupReserved, paidInFull, declinedOf('p9')])
      assert.is(input._tag === 'Event' ? fulfilment.instanceOf(input.event) : undefined, 'o1');
    const authorised = PaymentAuthorised.of({
      paymentId: 'p1',
      orderId: 'o1',
      currency: 'BRL',
      amount: 1,
      instrument: 'boleto',
      funding: 'debit',
      instalments: 1,
      authorisedAt: placedAt,
    });
    assert.is(fulfilment.instanceOf(recorded('payment-p1', 1, authorised)), undefined);
    assert.is(fulfilment.step(fulfilment.initialState, eventInput('payment-p1', 1, authorised)).commands.length, 0);
  });
});

spec('fulfilment: the payment term', ({ test }) => {
  const [deadline] = fulfilment.step(fulfilment.initialState, placed).deadlines ?? [];
  if (deadline === undefined) throw new Error('placing sets a deadline');
  const passed: ProcessInput = { _tag: 'DeadlinePassed', deadline };
  const dueAt = '2020-01-15T00:00:00.000Z';

  test('counts from when the order was recorded, whatever its business time, and is set once', () => {
    assert.equal(deadline, { id: 'fulfilment/order-o1@1/payment-within/1209600000', dueAt });
    const { state } = fulfilment.step(fulfilment.initialState, placed);
    assert.is(fulfilment.step(state, placed).deadlines, undefined);
  });
  test('cancels an order that is not paid, or not in full', () => {
    asks([placed, passed], cancelOf(`not paid in full by ${dueAt}`, dueAt));
    asks([placed, capturedOf('p1', 999, placedAt), passed], cancelOf(`not paid in full by ${dueAt}`, dueAt));
  });
  test('has no effect on an order that is paid, confirmed, or closed otherwise', () => {
    asks([placed, paidInFull, passed]);
    asks([placed, cupReserved, kettleReserved, paidInFull, passed]);
    asks([placed, cancelled, passed]);
    asks([passed]);
  });
  test('cancels once, under an id that names the cause, and never what was cancelled before', () => {
    assert.equal(
      askedAfter(placed, passed).map(({ id, causationId }) => [id, causationId]),
      [[`fulfilment/order-o1@1/cancel/unpaid-by/${dueAt}`, 'order-o1@1']],
    );
    asks([placed, passed, passed]);
    asks([placed, passed, cupReserved, kettleReserved, paidInFull]);
  });
  test('is the one that the installation sets', () => {
    const [hour] = fulfilmentWithin(3_600_000).step(fulfilment.initialState, placed).deadlines ?? [];
    assert.is(hour?.dueAt, '2020-01-01T01:00:00.000Z');
  });
});
