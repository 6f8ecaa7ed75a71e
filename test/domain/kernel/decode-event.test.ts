import * as E from 'fp-ts/Either';
import * as assert from 'uvu/assert';
import { application } from '../../../projections/fulfilment/application';
import { decodeEvent } from '../../../domain/kernel/decode-event';
import { aggregateIdOf, categoryOf, eventId, parseEventId, streamName } from '../../../domain/kernel/recorded-event';
import { spec } from '../../spec';

const { catalog } = application;

const envelope = {
  id: 'payment-p1@2',
  stream: 'payment-p1',
  version: 2,
  position: 7,
  type: 'PaymentCaptured',
  schemaVersion: 1,
  recordedAt: '2020-01-01T00:00:00.000Z',
  correlationId: 'c',
  causationId: 'r',
  actor: 'anonymous',
};
const data = { paymentId: 'p1', orderId: 'o1', currency: 'BRL', amount: 5, capturedAt: '2017-07-09T21:57:05Z' };
const decode = decodeEvent(catalog);

const failureOf = (result: ReturnType<typeof decode>): unknown =>
  E.isLeft(result) ? [result.left._tag, result.left.reason] : result.right;

spec('reading events', ({ test }) => {
  test('a payload that conforms to its contract is read as it is', () =>
    assert.equal(decode(envelope, data), E.right({ ...envelope, data })));
  test('an unknown contract is reported by name', () =>
    assert.equal(failureOf(decode({ ...envelope, type: 'PaymentForgotten' }, data)), [
      'UnknownContract',
      "no contract is named 'PaymentForgotten'",
    ]));
  test('a newer schema version is an unknown contract', () =>
    assert.equal(failureOf(decode({ ...envelope, schemaVersion: 2 }, data)), [
      'UnknownContract',
      'PaymentCaptured has schema version 2; this program knows up to 1',
    ]));
  test('a payload that breaks its contract is malformed, and every path is reported', () =>
    assert.equal(failureOf(decode(envelope, { ...data, amount: -5, orderId: undefined })), [
      'MalformedEvent',
      '/orderId: is missing; expected identifier (1 to 128 of A-Z a-z 0-9 . _ : -, starting with a letter or digit); ' +
        '/amount: must be amount in minor units (integer, 0 or more), not -5',
    ]));
});

spec('names of streams and events', ({ test }) => {
  test('the name of a stream consists of its category and id, which can be parsed from it', () => {
    const stream = streamName('stock', 'kettle-red-2');
    assert.is(stream, 'stock-kettle-red-2');
    assert.is(categoryOf(stream), 'stock');
    assert.is(aggregateIdOf(stream), 'kettle-red-2');
    assert.is(categoryOf('stock'), 'stock');
  });
  test("an event's id consists of its stream and version, which can be parsed from it", () => {
    assert.is(eventId('order-o1', 3), 'order-o1@3');
    assert.equal(parseEventId('order-o1@3'), { stream: 'order-o1', version: 3 });
  });
  test('a text that is not an event id is not parsed as one', () => {
    for (const text of ['', 'order-o1', '@3', 'order-o1@', 'order-o1@0', 'order-o1@-1', 'order-o1@1.5', 'order-o1@x'])
      assert.is(parseEventId(text), undefined, text);
  });
});
