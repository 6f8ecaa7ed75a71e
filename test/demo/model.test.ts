/** What the read models must say of accepted commands. */
import * as assert from 'uvu/assert';
import type { Step } from '../../api/demo/action';
import { actionsOf } from '../../api/demo/actions';
import type { InputOrder } from '../../api/demo/input-order';
import { modelOf, type ExpectedOrder, type Model } from '../../api/demo/model';
import { customers, salesByDay } from '../../api/demo/sums';
import { spec } from '../spec';
import { inputOrder, payment, withoutTimes } from './orders';

/** The model after every action of the orders but those that are refused. */
const modelAfter = (orders: ReadonlyArray<InputOrder>, refused: ReadonlyArray<Step['_tag']> = []): Model => {
  const model = modelOf(orders);
  for (const { step } of actionsOf(orders)) if (!refused.includes(step._tag)) model.accept(step);
  return model;
};

const only = (model: Model): ExpectedOrder => {
  const [order] = model.orders();
  if (order === undefined) throw new Error('the model holds no order');
  return order;
};

const kettle = (model: Model): unknown => model.stock().get('kettle');

spec('the model of an order', ({ test }) => {
  test('that went all the way: delivered, paid, its pieces gone', () => {
    const model = modelAfter([inputOrder()]);
    assert.equal(only(model), {
      orderId: 'o1',
      customerId: 'c1',
      status: 'delivered',
      currency: 'BRL',
      placedAt: '2024-01-01T10:00:00Z',
      amount: 2_300,
      paid: 2_300,
      confirmedAt: '2024-01-01T11:00:00Z',
      handedOverAt: '2024-01-02T10:00:00Z',
      deliveredAt: '2024-01-05T10:00:00Z',
    });
    assert.equal(kettle(model), { onHand: 0, reserved: 0, available: 0 });
    assert.equal(model.owedEvents(), ['order-o1@2']);
  });

  test('that is paid has to be confirmed, and holds its pieces', () => {
    const model = modelAfter([inputOrder()], ['HandOver', 'Deliver']);
    assert.is(model.mustBeConfirmed('o1'), true);
    assert.is(only(model).status, 'confirmed');
    assert.equal(kettle(model), { onHand: 2, reserved: 2, available: 0 });
  });

  test('that is paid a cent short stays placed, keeps its pieces, and owes nothing', () => {
    const model = modelAfter([inputOrder({ payments: [payment('p1', 2_299)] })], ['HandOver', 'Deliver']);
    assert.is(model.mustBeConfirmed('o1'), false);
    assert.equal([only(model).status, only(model).paid, only(model).confirmedAt], ['placed', 2_299, null]);
    assert.equal(kettle(model), { onHand: 2, reserved: 2, available: 0 });
    assert.equal(model.owedEvents(), []);
  });

  test('that is paid in several ways is paid by their sum', () => {
    const payments = [payment('p1', 2_000), payment('p2', 400)];
    const model = modelAfter([inputOrder({ payments })], ['HandOver', 'Deliver']);
    assert.equal([only(model).status, only(model).paid], ['confirmed', 2_400]);
  });

  test('whose payment was not authorised is not paid by it', () => {
    const model = modelAfter([inputOrder()], ['Authorise', 'Capture', 'HandOver', 'Deliver']);
    assert.equal([only(model).status, only(model).paid], ['placed', 0]);
  });

  test('that is cancelled after its confirmation: all goes back', () => {
    const cancelled = withoutTimes(inputOrder({ status: 'canceled' }), 'handedOverAt', 'deliveredAt');
    const model = modelAfter([cancelled]);
    assert.equal([only(model).status, only(model).paid], ['cancelled', 0]);
    assert.is(only(model).confirmedAt, '2024-01-01T11:00:00Z');
    assert.equal(kettle(model), { onHand: 2, reserved: 0, available: 2 });
    assert.equal(model.owedEvents(), ['order-o1@2', 'payment-o1-1@3']);
  });

  test('that is cancelled in transit: the money goes back, the pieces are gone', () => {
    const model = modelAfter([withoutTimes(inputOrder({ status: 'canceled' }), 'deliveredAt')]);
    assert.equal([only(model).status, only(model).paid], ['cancelled', 0]);
    assert.equal(kettle(model), { onHand: 0, reserved: 0, available: 0 });
  });

  test('that is cancelled before it was paid was never confirmed', () => {
    const open = withoutTimes(inputOrder({ status: 'canceled' }), 'approvedAt', 'handedOverAt', 'deliveredAt');
    const model = modelAfter([open]);
    assert.equal([only(model).status, only(model).confirmedAt], ['cancelled', null]);
    assert.equal(model.owedEvents(), []);
  });

  test('that is declared unavailable: all goes back', () => {
    const model = modelAfter([withoutTimes(inputOrder({ status: 'unavailable' }), 'handedOverAt', 'deliveredAt')]);
    assert.equal([only(model).status, only(model).paid], ['unavailable', 0]);
    assert.equal(kettle(model), { onHand: 2, reserved: 0, available: 2 });
  });

  test('that the bank refuses is cancelled, and holds no pieces', () => {
    const declined = inputOrder({ status: 'created', payments: [payment('p1', 2_300, true)] });
    const model = modelAfter([withoutTimes(declined, 'approvedAt', 'handedOverAt', 'deliveredAt')]);
    assert.is(only(model).status, 'cancelled');
    assert.equal(kettle(model), { onHand: 2, reserved: 0, available: 2 });
    assert.equal(model.owedEvents(), ['order-o1@2']);
  });

  test('that the warehouse has nothing for is cancelled, and its money goes back', () => {
    const rare = withoutTimes(inputOrder({ status: 'created', inStock: false }), 'handedOverAt', 'deliveredAt');
    const model = modelAfter([rare]);
    assert.equal([only(model).status, only(model).paid], ['cancelled', 0]);
    assert.is(model.mustBeConfirmed('o1'), false);
    assert.equal(model.owedEvents(), ['order-o1@2', 'payment-o1-1@3']);
    assert.is(kettle(model), undefined);
  });

  test('that was never placed and yet is paid shows the money and nothing else', () => {
    const model = modelAfter([inputOrder({ lines: [] })], ['Place', 'HandOver', 'Deliver']);
    const { orderId, paid, ...rest } = only(model);
    assert.equal([orderId, paid], ['o1', 2_300]);
    assert.ok(Object.values(rest).every((value) => value === null));
    assert.equal(model.owedEvents(), []);
  });

  test('of which nothing was accepted is no row', () => {
    assert.equal(modelOf([inputOrder()]).orders(), []);
  });
});

spec('sums', ({ test }) => {
  const order = { customerId: 'c1', status: 'placed', currency: 'BRL', amount: 100, paid: 40 };
  const orders = [
    { ...order, placedAt: '2024-01-01T23:59:59Z' },
    { ...order, placedAt: '2024-01-01T00:00:00Z', status: 'cancelled', paid: 0 },
    { ...order, placedAt: '2024-01-02T00:00:00Z', customerId: 'c2' },
    { ...order, placedAt: '2024-01-02T00:00:00Z', currency: 'EUR' },
  ];

  test('by the day of placing and the currency', () => {
    const day = { ordersPlaced: 1, amountPlaced: 100, ordersCancelled: 0, amountCancelled: 0, amountPaid: 40 };
    assert.equal(
      [...salesByDay(orders)],
      [
        ['2024-01-01:BRL', { ...day, ordersPlaced: 2, amountPlaced: 200, ordersCancelled: 1, amountCancelled: 100 }],
        ['2024-01-02:BRL', day],
        ['2024-01-02:EUR', day],
      ],
    );
  });

  test('by customer, with the latest order', () => {
    assert.equal(
      [...customers(orders)],
      [
        ['c1', { orders: 3, amount: 300, lastOrderAt: '2024-01-02T00:00:00Z' }],
        ['c2', { orders: 1, amount: 100, lastOrderAt: '2024-01-02T00:00:00Z' }],
      ],
    );
  });
});
