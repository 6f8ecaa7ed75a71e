import * as E from 'fp-ts/Either';
import * as assert from 'uvu/assert';
import { authorise as authoriseCommand } from '../../../domain/payment/commands';
import { PaymentAuthorised, PaymentCaptured, PaymentDeclined, PaymentRefunded } from '../../../domain/payment/events';
import { paymentAggregate } from '../../../domain/payment/payment';
import { spec } from '../../spec';
import { testAggregate } from '../../../projections/testing/testing';

const { given } = testAggregate(paymentAggregate, 'p1');

/** A sentence that names what it is about. */
const sentence = /^[A-Z].*\bp1\b.*\.$/;

const at = '2017-07-09T21:57:05Z';
const later = '2017-07-12T08:00:00Z';
const identity = { orderId: 'o1', amount: 11500, currency: 'BRL' };
const facts = { paymentId: 'p1', ...identity };
const terms = { ...identity, instalments: 3, authorisedAt: at };
const authorise = { ...terms, method: 'credit-card' as const };
const decline = { ...identity, reason: 'stolen card', declinedAt: at };
const authorised = PaymentAuthorised.of({ paymentId: 'p1', ...terms, instrument: 'card', funding: 'credit' });
const declined = PaymentDeclined.of({ ...facts, reason: 'stolen card', declinedAt: at });
const captured = PaymentCaptured.of({ ...facts, capturedAt: at });
const refundOf = (refundId: string, amount: number) =>
  PaymentRefunded.of({ ...facts, refundId, amount, refundedAt: later });
const others = [{ orderId: 'o2' }, { amount: 1 }, { currency: 'EUR' }];

spec('payment: authorising and declining', ({ test }) => {
  test('an amount is authorised', () => given().when('authorise', authorise).then(authorised));
  test('the same authorisation again changes nothing, however late', () => {
    const again = { ...authorise, authorisedAt: later };
    for (const after of [[], [captured], [declined], [captured, refundOf('r1', 1)]])
      given(authorised, ...after)
        .when('authorise', again)
        .thenNothing();
  });
  test('the same id with other content is rejected', () => {
    for (const other of [...others, { method: 'boleto' }, { instalments: 4 }])
      given(authorised)
        .when('authorise', { ...authorise, ...other })
        .thenRejected('PaymentAlreadyAuthorised', sentence);
  });
  test('an amount of 0 is not a payment', () => {
    given()
      .when('authorise', { ...authorise, amount: 0 })
      .thenRejected('PaymentWithoutAmount', sentence);
    given()
      .when('decline', { ...decline, amount: 0 })
      .thenRejected('PaymentWithoutAmount', sentence);
  });
  test('a payment is declined instead of an authorisation, or after it', () => {
    given().when('decline', decline).then(declined);
    given(authorised).when('decline', decline).then(declined);
  });
  test('a decline again changes nothing, whatever reason it names', () => {
    given(declined)
      .when('decline', { ...decline, reason: 'another', declinedAt: later })
      .thenNothing();
    given(authorised, declined)
      .when('decline', { ...decline, reason: 'another', declinedAt: later })
      .thenNothing();
  });
  test('a decline of other content is rejected', () => {
    for (const other of others) {
      given(authorised)
        .when('decline', { ...decline, ...other })
        .thenRejected('PaymentAlreadyAuthorised', sentence);
      given(declined)
        .when('decline', { ...decline, ...other })
        .thenRejected('PaymentAlreadyDeclined', sentence);
    }
  });
  test('a decline is final: no authorisation, no capture', () => {
    given(declined).when('authorise', authorise).thenRejected('PaymentAlreadyDeclined', sentence);
    given(authorised, declined).when('capture', { capturedAt: later }).thenRejected('PaymentAlreadyDeclined', sentence);
    given(declined).when('capture', { capturedAt: later }).thenRejected('PaymentAlreadyDeclined', sentence);
  });
  test('collected money is not declined', () => {
    given(authorised, captured).when('decline', decline).thenRejected('PaymentAlreadyCaptured', sentence);
  });
  test('0 instalments are invalid: paying at once is 1', () => {
    for (const instalments of [0, 49, 1.5, '1', null])
      assert.ok(E.isLeft(authoriseCommand.codec.decode({ ...authorise, instalments })));
    for (const instalments of [1, 48])
      assert.ok(E.isRight(authoriseCommand.codec.decode({ ...authorise, instalments })));
  });
});

spec('payment: capturing and refunding', ({ test }) => {
  test('all that was authorised is captured', () =>
    given(authorised).when('capture', { capturedAt: at }).then(captured));
  test('a capture again changes nothing', () => {
    given(authorised, captured).when('capture', { capturedAt: later }).thenNothing();
    given(authorised, captured, refundOf('r1', 11500)).when('capture', { capturedAt: later }).thenNothing();
  });
  test('what is not authorised is not captured', () =>
    given().when('capture', { capturedAt: at }).thenRejected('PaymentNotAuthorised', sentence));
  test('captured money is refunded in parts, until nothing is left', () => {
    given(authorised, captured)
      .when('refund', { refundId: 'r1', amount: 1500, refundedAt: later })
      .then(refundOf('r1', 1500));
    given(authorised, captured, refundOf('r1', 1500))
      .when('refund', { refundId: 'r2', amount: 10000, refundedAt: later })
      .then(refundOf('r2', 10000));
  });
  test('a refund without an amount refunds everything that is left', () => {
    given(authorised, captured).when('refund', { refundId: 'r1', refundedAt: later }).then(refundOf('r1', 11500));
    given(authorised, captured, refundOf('r1', 1500))
      .when('refund', { refundId: 'r2', refundedAt: later })
      .then(refundOf('r2', 10000));
    given(authorised, captured, refundOf('r1', 11500))
      .when('refund', { refundId: 'r2', refundedAt: later })
      .thenNothing();
  });
  test('the same refund again changes nothing', () => {
    const history = [authorised, captured, refundOf('r1', 1500)];
    given(...history)
      .when('refund', { refundId: 'r1', amount: 1500, refundedAt: at })
      .thenNothing();
    given(...history)
      .when('refund', { refundId: 'r1', refundedAt: at })
      .thenNothing();
  });
  test('the same refund with another amount is rejected', () => {
    for (const amount of [0, 1499, 11500])
      given(authorised, captured, refundOf('r1', 1500))
        .when('refund', { refundId: 'r1', amount, refundedAt: at })
        .thenRejected('RefundAlreadyMade', sentence);
  });
  test('never more is refunded than was captured', () => {
    given(authorised, captured)
      .when('refund', { refundId: 'r1', amount: 11501, refundedAt: later })
      .thenRejected('RefundExceedsCapture', sentence);
    given(authorised, captured, refundOf('r1', 1500))
      .when('refund', { refundId: 'r2', amount: 10001, refundedAt: later })
      .thenRejected('RefundExceedsCapture', sentence);
  });
  test('an amount of 0 is not a refund', () =>
    given(authorised, captured)
      .when('refund', { refundId: 'r1', amount: 0, refundedAt: later })
      .thenRejected('RefundWithoutAmount', sentence));
  test('what was not captured is not refunded', () => {
    for (const history of [[], [authorised], [declined], [authorised, declined]])
      given(...history)
        .when('refund', { refundId: 'r1', refundedAt: later })
        .thenRejected('PaymentNotCaptured', sentence);
  });
});
