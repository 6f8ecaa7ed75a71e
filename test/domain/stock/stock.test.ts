import * as E from 'fp-ts/Either';
import * as assert from 'uvu/assert';
import { StockDispatched, StockReceived, StockReservationReleased, StockReserved } from '../../../domain/stock/events';
import { stockAggregate } from '../../../domain/stock/stock';
import { spec } from '../../spec';
import { foldOf } from '../../../projections/testing/test-aggregate';
import { testAggregate } from '../../../projections/testing/testing';

const { given } = testAggregate(stockAggregate, 'kettle');

/** A sentence that names what it is about. */
const sentence = /^[A-Z].*\bkettle\b.*\.$/;

const at = '2017-07-09T21:57:05Z';
const later = '2017-07-12T08:00:00Z';
const received = StockReceived.of({ sku: 'kettle', receiptId: 'r1', quantity: 5, receivedAt: at, origin: 'supplier' });
const reserved = StockReserved.of({ sku: 'kettle', orderId: 'o1', quantity: 3, reservedAt: at });
const released = StockReservationReleased.of({ sku: 'kettle', orderId: 'o1', quantity: 3, releasedAt: later });
const dispatched = StockDispatched.of({ sku: 'kettle', orderId: 'o1', quantity: 3, dispatchedAt: later });

spec('stock: receiving', ({ test }) => {
  test('pieces come in', () =>
    given().when('receive', { receiptId: 'r1', quantity: 5, receivedAt: at }).then(received));
  test('pieces that a customer sent back come in as such', () =>
    given()
      .when('receive', { receiptId: 'r1', quantity: 5, receivedAt: at, origin: 'customer-return' })
      .then(StockReceived.of({ ...received.data, origin: 'customer-return' })));
  test('the same receipt again changes nothing, whatever business time it names', () =>
    given(received).when('receive', { receiptId: 'r1', quantity: 5, receivedAt: later }).thenNothing());
  test('the same receipt with another quantity is rejected', () =>
    given(received)
      .when('receive', { receiptId: 'r1', quantity: 6, receivedAt: at })
      .thenRejected('ReceiptAlreadyBooked', sentence));
  test('a receipt that takes the pieces on hand beyond the safe integers is rejected', () => {
    // As 9 billion receipts would.
    const full = stockAggregate.emptyFold.apply(
      StockReceived.of({ ...received.data, quantity: Number.MAX_SAFE_INTEGER - 5 }),
    );
    const receive = (quantity: number) =>
      full.decide({ type: 'receive', id: 'kettle', data: { receiptId: 'r2', quantity, receivedAt: at } });
    const refused = receive(6);
    assert.is(E.isLeft(refused) && refused.left.type, 'StockTooLarge');
    assert.equal(receive(5), E.right([StockReceived.of({ ...received.data, receiptId: 'r2' })]));
  });
});

spec('stock: reserving', ({ test }) => {
  test('pieces are reserved for an order, down to the last one', () => {
    given(received).when('reserve', { orderId: 'o1', quantity: 3, reservedAt: at }).then(reserved);
    given(received, reserved)
      .when('reserve', { orderId: 'o2', quantity: 2, reservedAt: at })
      .then(StockReserved.of({ sku: 'kettle', orderId: 'o2', quantity: 2, reservedAt: at }));
  });
  test('more than is available is rejected', () => {
    const rejected = ['StockNotAvailable', sentence] as const;
    given()
      .when('reserve', { orderId: 'o1', quantity: 1, reservedAt: at })
      .thenRejected(...rejected);
    given(received)
      .when('reserve', { orderId: 'o1', quantity: 6, reservedAt: at })
      .thenRejected(...rejected);
    given(received, reserved)
      .when('reserve', { orderId: 'o2', quantity: 3, reservedAt: at })
      .thenRejected(...rejected);
    given(received, reserved, dispatched)
      .when('reserve', { orderId: 'o2', quantity: 3, reservedAt: at })
      .thenRejected(...rejected);
  });
  test('the same reservation again changes nothing, even when nothing more is available', () => {
    given(received, reserved).when('reserve', { orderId: 'o1', quantity: 3, reservedAt: later }).thenNothing();
    given(received, reserved, dispatched)
      .when('reserve', { orderId: 'o1', quantity: 3, reservedAt: later })
      .thenNothing();
  });
  test('another quantity for the same order is rejected', () => {
    const rejected = ['StockAlreadyReserved', sentence] as const;
    given(received, reserved)
      .when('reserve', { orderId: 'o1', quantity: 2, reservedAt: at })
      .thenRejected(...rejected);
    given(received, reserved, dispatched)
      .when('reserve', { orderId: 'o1', quantity: 2, reservedAt: at })
      .thenRejected(...rejected);
  });
  test('a released reservation does not come back: a late repeat must not hold pieces for an order that gave them up', () =>
    given(received, reserved, released)
      .when('reserve', { orderId: 'o1', quantity: 3, reservedAt: at })
      .thenRejected('ReservationAlreadyReleased', sentence));
  test('released pieces are available to others', () =>
    given(received, reserved, released)
      .when('reserve', { orderId: 'o2', quantity: 5, reservedAt: at })
      .then(StockReserved.of({ sku: 'kettle', orderId: 'o2', quantity: 5, reservedAt: at })));
});

spec('stock: releasing and dispatching', ({ test }) => {
  test('a reservation is released whole', () =>
    given(received, reserved).when('release', { orderId: 'o1', releasedAt: later }).then(released));
  test('a release without a reservation, or again, changes nothing', () => {
    given(received).when('release', { orderId: 'o1', releasedAt: later }).thenNothing();
    given(received, reserved, released).when('release', { orderId: 'o1', releasedAt: later }).thenNothing();
  });
  test('what has left the warehouse is not released', () =>
    given(received, reserved, dispatched)
      .when('release', { orderId: 'o1', releasedAt: later })
      .thenRejected('StockAlreadyDispatched', sentence));
  test('a reservation is dispatched whole', () =>
    given(received, reserved).when('dispatch', { orderId: 'o1', dispatchedAt: later }).then(dispatched));
  test('a dispatch again changes nothing', () =>
    given(received, reserved, dispatched).when('dispatch', { orderId: 'o1', dispatchedAt: at }).thenNothing());
  test('what is not reserved is not dispatched', () => {
    given(received).when('dispatch', { orderId: 'o1', dispatchedAt: later }).thenRejected('StockNotReserved', sentence);
    given(received, reserved, released)
      .when('dispatch', { orderId: 'o1', dispatchedAt: later })
      .thenRejected('ReservationAlreadyReleased', sentence);
  });
  test('the state as JSON: pieces, receipts and reservations', () =>
    assert.equal(JSON.parse(JSON.stringify(foldOf(stockAggregate, [received, reserved]).state)), {
      onHand: 5,
      reserved: 3,
      receipts: { r1: 5 },
      reservations: { o1: { quantity: 3, status: 'reserved' } },
    }));
});
