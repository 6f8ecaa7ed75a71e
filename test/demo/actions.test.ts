/** From orders to commands. */
import * as assert from 'uvu/assert';
import type { Action } from '../../api/demo/action';
import { actionsOf } from '../../api/demo/actions';
import { generateOrders } from '../../api/demo/generated-orders';
import { spec } from '../spec';
import { inputOrder, payment, withoutTimes } from './orders';

const named = (actions: ReadonlyArray<Action>): ReadonlyArray<string> =>
  actions.map(({ path, id, command }) => `${path}/${id}/${command}`);

spec('the actions of an order', ({ test }) => {
  test('are its life in the order of time, behind the receipt of what it needs', () => {
    assert.equal(named(actionsOf([inputOrder()])), [
      'stock/kettle/receive',
      'orders/o1/place',
      'payments/o1-1/authorise',
      'payments/o1-1/capture',
      'orders/o1/hand-to-carrier',
      'orders/o1/deliver',
    ]);
  });

  test('stay in one lane, and placing waits for the receipts', () => {
    const [receive, place, ...rest] = actionsOf([inputOrder()]);
    assert.equal([receive?.lane, receive?.after], ['stock-kettle', []]);
    assert.equal([place?.lane, place?.after], ['o1', ['stock-kettle']]);
    assert.ok(rest.every(({ lane, after }) => lane === 'o1' && after.length === 0));
  });

  test('follow the time of the source even where it makes no sense', () => {
    const early = inputOrder({ handedOverAt: '2024-01-01T10:30:00Z', deliveredAt: '2024-01-01T10:20:00Z' });
    assert.equal(named(actionsOf([early])).slice(3), [
      'orders/o1/deliver',
      'orders/o1/hand-to-carrier',
      'payments/o1-1/capture',
    ]);
  });

  test('end with the cancellation, after all else that is known', () => {
    const cancelled = inputOrder({ status: 'canceled' });
    const last = actionsOf([cancelled]).at(-1);
    assert.equal([last?.command, last?.body['cancelledAt']], ['cancel', '2024-01-05T10:00:00Z']);
    const unavailable = withoutTimes(inputOrder({ status: 'unavailable' }), 'handedOverAt', 'deliveredAt');
    const end = actionsOf([unavailable]).at(-1);
    assert.equal([end?.command, end?.body['declaredAt']], ['declare-unavailable', '2024-01-01T11:00:00Z']);
  });

  test('authorise without capture where nobody approved', () => {
    const open = withoutTimes(inputOrder({ status: 'created' }), 'approvedAt', 'handedOverAt', 'deliveredAt');
    assert.equal(named(actionsOf([open])).slice(2), ['payments/o1-1/authorise']);
  });

  test('post what is delivered at no known time without the time', () => {
    const deliver = actionsOf([withoutTimes(inputOrder(), 'deliveredAt')]).at(-1);
    assert.equal([deliver?.command, deliver?.body], ['deliver', {}]);
  });

  test('decline what the bank refuses, with all that a decline has to say', () => {
    const decline = actionsOf([inputOrder({ payments: [payment('p1', 2_300, true)] })]).find(
      ({ command }) => command === 'decline',
    );
    assert.equal(decline?.body, {
      orderId: 'o1',
      amount: 2_300,
      currency: 'BRL',
      reason: 'refused by the bank',
      declinedAt: '2024-01-01T10:00:00Z',
    });
  });
});

spec('receipts', ({ test }) => {
  const two = [
    inputOrder({ orderId: 'late', placedAt: '2024-02-01T10:00:00Z' }),
    inputOrder({ orderId: 'early', placedAt: '2024-01-01T09:00:00Z' }),
  ];
  const receiptsOf = (actions: ReadonlyArray<Action>): ReadonlyArray<Action> =>
    actions.filter(({ command }) => command === 'receive');

  test('bring each article once: all that its orders need, when the first of them needs it', () => {
    assert.equal(
      receiptsOf(actionsOf(two)).map(({ id, at, body }) => [id, at, body['quantity']]),
      [['kettle', '2024-01-01T09:00:00Z', 4]],
    );
  });

  test('bring nothing for an order that is never to be in stock', () => {
    assert.equal(receiptsOf(actionsOf([inputOrder({ inStock: false })])), []);
  });

  test('have the same id for the same orders, and another one for others', () => {
    const idOf = (...parameters: Parameters<typeof actionsOf>): unknown =>
      receiptsOf(actionsOf(...parameters))[0]?.body['receiptId'];
    assert.is(idOf(two), idOf([...two].reverse()));
    assert.is.not(idOf(two), idOf(two.slice(1)));
  });
});

spec('generated orders', ({ test }) => {
  test('are the same for the same seed, and others for another', () => {
    assert.equal(generateOrders(50, 3), generateOrders(50, 3));
    assert.not.equal(generateOrders(50, 3), generateOrders(50, 4));
  });

  test('begin alike, however many they are', () => {
    assert.equal(generateOrders(50, 3).slice(0, 10), generateOrders(10, 3));
  });

  test('go every way that an order can go', () => {
    const orders = generateOrders(400, 1);
    const statuses = new Set(orders.map(({ status }) => status));
    assert.equal([...statuses].sort(), ['canceled', 'created', 'delivered', 'processing', 'shipped', 'unavailable']);
    assert.ok(orders.some(({ payments }) => payments.length === 2));
    assert.ok(orders.some(({ payments }) => payments.some(({ declined }) => declined)));
    assert.ok(orders.some(({ inStock }) => !inStock));
    assert.ok(orders.some(({ lines }) => lines.length === 0));
    assert.ok(orders.some(({ approvedAt, handedOverAt }) => String(handedOverAt) < String(approvedAt)));
    assert.ok(orders.some(({ status, deliveredAt }) => status === 'canceled' && deliveredAt !== undefined));
  });

  test('are paid to the cent', () => {
    for (const { lines, payments } of generateOrders(400, 1)) {
      const amount = lines.reduce((sum, line) => sum + line.quantity * line.unitPrice + line.freight, 0);
      assert.is(
        payments.reduce((sum, each) => sum + each.amount, 0),
        amount,
      );
    }
  });
});
