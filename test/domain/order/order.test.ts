import * as assert from 'uvu/assert';
import {
  OrderCancelled,
  OrderConfirmed,
  OrderDeclaredUnavailable,
  OrderDelivered,
  OrderHandedToCarrier,
  OrderPlaced,
} from '../../../domain/order/events';
import { orderAggregate } from '../../../domain/order/order';
import { spec } from '../../spec';
import { testAggregate } from '../../../projections/testing/testing';

const { given } = testAggregate(orderAggregate, 'o1');

/** A sentence that names what it is about. */
const sentence = /^[A-Z].*\bo1\b.*\.$/;

const body = {
  customerId: 'c1',
  currency: 'BRL',
  placedAt: '2017-07-09T21:57:05Z',
  lines: [
    { sku: 'kettle', quantity: 2, unitPrice: 4990, freight: 1520 },
    { sku: 'cup', quantity: 3, unitPrice: 700, freight: 0 },
  ],
};
const facts = { orderId: 'o1', customerId: 'c1', currency: 'BRL', amount: 13600, placedAt: body.placedAt };
const confirmedAt = '2017-07-09T22:10:13Z';
const handedOverAt = '2017-07-11T14:58:04Z';
const deliveredAt = '2017-07-26T10:57:55Z';
const cancelledAt = '2017-07-12T08:00:00Z';
const declaredAt = '2017-07-10T08:00:00Z';

const placed = OrderPlaced.of({ ...facts, lines: body.lines });
const confirmed = OrderConfirmed.of({ ...facts, confirmedAt });
const handedOver = OrderHandedToCarrier.of({ ...facts, handedOverAt });
const delivered = OrderDelivered.of({ ...facts, deliveredAt });
const cancelled = OrderCancelled.of({ ...facts, reason: 'changed mind', cancelledAt });
const unavailable = OrderDeclaredUnavailable.of({ ...facts, reason: 'not made any more', declaredAt });

/** A command's name and body. */
type Sent = readonly [type: string, body: unknown];
const confirm: Sent = ['confirm', { confirmedAt }];
const handToCarrier: Sent = ['hand-to-carrier', { handedOverAt }];
const deliver: Sent = ['deliver', { deliveredAt }];
const cancelBody = { reason: 'changed mind', cancelledAt };
const cancel: Sent = ['cancel', cancelBody];
const declareUnavailable: Sent = ['declare-unavailable', { reason: 'not made any more', declaredAt }];

spec('order: placing', ({ test }) => {
  test('the amount is quantity times price, plus the freight of each line', () =>
    given().when('place', body).then(placed));
  test('the same order again changes nothing', () => given(placed).when('place', body).thenNothing());
  test('the same order again with another business time changes nothing: the first report counts', () =>
    given(placed)
      .when('place', { ...body, placedAt: '2018-01-01T00:00:00Z' })
      .thenNothing());
  test('the same order again after its delivery or its end changes nothing', () => {
    given(placed, confirmed, handedOver, delivered).when('place', body).thenNothing();
    given(placed, cancelled).when('place', body).thenNothing();
    given(placed, unavailable).when('place', body).thenNothing();
  });
  test('the same id with other content is rejected', () => {
    const [kettle, cup] = body.lines;
    const rejected = ['OrderAlreadyPlaced', sentence] as const;
    for (const other of [
      { customerId: 'c2' },
      { currency: 'EUR' },
      { lines: [kettle] },
      { lines: [cup, kettle] },
      { lines: [] },
      { lines: [kettle, { ...cup, quantity: 4 }] },
      { lines: [kettle, { ...cup, unitPrice: 701 }] },
      { lines: [kettle, { ...cup, freight: 1 }] },
      { lines: [kettle, cup, cup] },
    ])
      given(placed)
        .when('place', { ...body, ...other })
        .thenRejected(...rejected);
  });
  test('an order without lines is rejected', () =>
    given()
      .when('place', { ...body, lines: [] })
      .thenRejected('OrderWithoutLines', sentence));
  test('an amount beyond safe integers is rejected, whether one line or the sum exceeds it', () => {
    const line = { sku: 'gold', quantity: 1, unitPrice: Number.MAX_SAFE_INTEGER, freight: 0 };
    const rejected = ['OrderAmountTooLarge', sentence] as const;
    given()
      .when('place', { ...body, lines: [{ ...line, quantity: 2 }] })
      .thenRejected(...rejected);
    given()
      .when('place', { ...body, lines: [line, { ...line, unitPrice: 0, freight: 1 }] })
      .thenRejected(...rejected);
    given()
      .when('place', { ...body, lines: [line] })
      .then(OrderPlaced.of({ ...facts, amount: Number.MAX_SAFE_INTEGER, lines: [line] }));
  });
  test('more of one article than a reservation can hold is rejected', () => {
    const line = { sku: 'screw', quantity: 1_000_000, unitPrice: 1, freight: 0 };
    given()
      .when('place', { ...body, lines: [line, { ...line, quantity: 1 }] })
      .thenRejected('OrderQuantityTooLarge', sentence);
  });
});

spec('order: the way to delivery', ({ test }) => {
  test('a placed order is confirmed', () =>
    given(placed)
      .when(...confirm)
      .then(confirmed));
  test('a confirmed order is handed to a carrier', () =>
    given(placed, confirmed)
      .when(...handToCarrier)
      .then(handedOver));
  test('an order with a carrier is delivered', () =>
    given(placed, confirmed, handedOver)
      .when(...deliver)
      .then(delivered));
  test('steps at the same time are in order', () => {
    given(placed)
      .when('confirm', { confirmedAt: body.placedAt })
      .then(OrderConfirmed.of({ ...facts, confirmedAt: body.placedAt }));
    given(placed, confirmed)
      .when('hand-to-carrier', { handedOverAt: '2017-07-09T22:10:13.000Z' })
      .then(OrderHandedToCarrier.of({ ...facts, handedOverAt: '2017-07-09T22:10:13.000Z' }));
  });
  test('a step that has happened is always a repeat, whatever business time it names', () => {
    const early = '2001-01-01T00:00:00Z';
    for (const after of [[], [handedOver], [handedOver, delivered], [handedOver, cancelled], [unavailable]]) {
      given(placed, confirmed, ...after)
        .when(...confirm)
        .thenNothing();
      given(placed, confirmed, ...after)
        .when('confirm', { confirmedAt: early })
        .thenNothing();
    }
    for (const after of [[], [delivered], [cancelled]])
      given(placed, confirmed, handedOver, ...after)
        .when('hand-to-carrier', { handedOverAt: early })
        .thenNothing();
    given(placed, confirmed, handedOver, delivered).when('deliver', { deliveredAt: early }).thenNothing();
  });
  test('nothing happens to an order that was never placed', () => {
    for (const command of [confirm, handToCarrier, deliver, cancel, declareUnavailable])
      given()
        .when(...command)
        .thenRejected('OrderNotPlaced', sentence);
  });
  test('an unconfirmed order is neither handed over nor delivered', () => {
    for (const command of [handToCarrier, deliver])
      given(placed)
        .when(...command)
        .thenRejected('OrderNotConfirmed', sentence);
  });
  test('an order that no carrier has is not delivered', () =>
    given(placed, confirmed)
      .when(...deliver)
      .thenRejected('OrderNotHandedOver', sentence));
  test('a step dated before the previous one is rejected', () => {
    given(placed)
      .when('confirm', { confirmedAt: '2017-07-09T21:57:04Z' })
      .thenRejected('ConfirmedBeforePlacement', sentence);
    given(placed, confirmed)
      .when('hand-to-carrier', { handedOverAt: '2017-07-09T22:10:12.999Z' })
      .thenRejected('HandedOverBeforeConfirmation', sentence);
    given(placed, confirmed, handedOver)
      .when('deliver', { deliveredAt: '2017-07-11T14:58:03Z' })
      .thenRejected('DeliveredBeforeHandOver', sentence);
  });
});

spec('order: ends before delivery', ({ test }) => {
  test('it can be cancelled until it is delivered, also in transit', () => {
    for (const before of [[], [confirmed], [confirmed, handedOver]])
      given(placed, ...before)
        .when(...cancel)
        .then(cancelled);
  });
  test('a cancellation again changes nothing, whatever reason it names', () =>
    given(placed, cancelled)
      .when('cancel', { reason: 'another reason', cancelledAt: '2001-01-01T00:00:00Z' })
      .thenNothing());
  test('a delivered order cannot be called off', () => {
    for (const command of [cancel, declareUnavailable])
      given(placed, confirmed, handedOver, delivered)
        .when(...command)
        .thenRejected('OrderAlreadyDelivered', sentence);
  });
  test('a cancellation can leave a confirmed order alone', () => {
    const unlessConfirmed = { ...cancelBody, unlessConfirmed: true };
    given(placed).when('cancel', unlessConfirmed).then(cancelled);
    given(placed, confirmed).when('cancel', unlessConfirmed).thenRejected('OrderAlreadyConfirmed', sentence);
    given(placed, confirmed, cancelled).when('cancel', unlessConfirmed).thenNothing();
    given(placed, confirmed)
      .when('cancel', { ...unlessConfirmed, unlessConfirmed: false })
      .then(cancelled);
  });
  test('it can be declared unavailable until a carrier has it', () => {
    for (const before of [[], [confirmed]])
      given(placed, ...before)
        .when(...declareUnavailable)
        .then(unavailable);
    given(placed, confirmed, handedOver)
      .when(...declareUnavailable)
      .thenRejected('OrderAlreadyHandedOver', sentence);
  });
  test('a declaration again changes nothing', () =>
    given(placed, unavailable)
      .when('declare-unavailable', { reason: 'another reason', declaredAt: '2001-01-01T00:00:00Z' })
      .thenNothing());
  test('nothing new happens to a cancelled order', () => {
    for (const command of [confirm, handToCarrier, deliver, declareUnavailable])
      given(placed, cancelled)
        .when(...command)
        .thenRejected('OrderAlreadyCancelled', sentence);
    given(placed, confirmed, handedOver, cancelled)
      .when(...deliver)
      .thenRejected('OrderAlreadyCancelled', sentence);
  });
  test('nothing new happens to an order that is unavailable', () => {
    for (const command of [confirm, handToCarrier, deliver, cancel])
      given(placed, unavailable)
        .when(...command)
        .thenRejected('OrderUnavailable', sentence);
  });
  test('an end before the placing is rejected', () => {
    given(placed)
      .when('cancel', { reason: 'early', cancelledAt: '2017-07-09T21:57:04Z' })
      .thenRejected('CancelledBeforePlacement', sentence);
    given(placed)
      .when('declare-unavailable', { reason: 'early', declaredAt: '2017-07-09T21:57:04Z' })
      .thenRejected('DeclaredUnavailableBeforePlacement', sentence);
  });
  test('a rejection of a time names both times', () => {
    const decision = orderAggregate.emptyFold
      .apply(placed)
      .decide({ type: 'confirm', id: 'o1', data: { confirmedAt: '2017-07-01T00:00:00Z' } });
    assert.match(JSON.stringify(decision), /2017-07-01T00:00:00Z.*2017-07-09T21:57:05Z/);
  });
});
