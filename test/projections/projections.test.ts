/** The rows that each projection yields for events, as sentences. */
import * as assert from 'uvu/assert';
import type { Projection } from '../../projections/projection';
import { customerOrders } from '../../projections/fulfilment/customer-orders';
import { orderSummary } from '../../projections/fulfilment/order-summary';
import { application } from '../../projections/fulfilment/application';
import { salesByDay } from '../../projections/fulfilment/sales-by-day';
import { stockLevel } from '../../projections/fulfilment/stock-level';
import { spec } from '../spec';
import { openViews, rowsOf, storedOf, type Told } from './views-fixture';

const { projections } = application;

/** The rows that a sequence of events yields. */
const rowsAfter = async (projection: Projection, ...story: ReadonlyArray<Told>): Promise<ReadonlyArray<unknown>> => {
  const stored = storedOf(story);
  const views = await openViews({ projections: [projection], stored });
  const page = { projection: projection.name, afterPosition: 0, untilPosition: stored.length };
  const { outcome } = await views.operations.applyFromStore(page);
  assert.is(outcome.malformed, 0, 'the story keeps to its contracts');
  const rows = rowsOf(views.database, projection.name);
  await views.close();
  return rows;
};

const facts = (orderId: string, amount = 1_000, placedAt = '2018-02-03T23:59:59Z') => ({
  orderId,
  customerId: 'c1',
  currency: 'EUR',
  amount,
  placedAt,
});
const placed = (id: string, amount?: number, placedAt?: string): Told => [
  `order-${id}`,
  'OrderPlaced',
  { ...facts(id, amount, placedAt), lines: [{ sku: 'a', quantity: 1, unitPrice: amount ?? 1_000, freight: 0 }] },
];
const cancelled = (id: string): Told => [
  `order-${id}`,
  'OrderCancelled',
  { ...facts(id), reason: 'changed my mind', cancelledAt: '2018-02-09T08:00:00Z' },
];
const captured = (id: string, amount: number, currency = 'EUR'): Told => [
  `payment-${id}-${amount}`,
  'PaymentCaptured',
  { paymentId: `${id}-${amount}`, orderId: id, currency, amount, capturedAt: '2018-02-04T10:00:00Z' },
];
const refunded = (id: string, amount: number): Told => [
  `payment-${id}-${amount}`,
  'PaymentRefunded',
  { paymentId: id, orderId: id, currency: 'EUR', refundId: 'f1', amount, refundedAt: '2018-02-05T10:00:00Z' },
];
const stock = (type: string, quantity: number): Told => [
  'stock-a',
  type,
  {
    sku: 'a',
    receiptId: 'r1',
    orderId: 'o1',
    quantity,
    receivedAt: '2018-02-01T00:00:00Z',
    reservedAt: '2018-02-01T00:00:00Z',
    releasedAt: '2018-02-01T00:00:00Z',
    dispatchedAt: '2018-02-01T00:00:00Z',
  },
];

const untouched = {
  confirmedAt: null,
  handedOverAt: null,
  deliveredAt: null,
  cancelledAt: null,
  unavailableAt: null,
};

spec('order-summary', ({ test }) => {
  test('follows an order through its steps', async () => {
    const story: ReadonlyArray<Told> = [
      placed('o1'),
      ['order-o1', 'OrderConfirmed', { ...facts('o1'), confirmedAt: '2018-02-04T10:00:00Z' }],
      ['order-o1', 'OrderHandedToCarrier', { ...facts('o1'), handedOverAt: '2018-02-05T10:00:00Z' }],
      ['order-o1', 'OrderDelivered', { ...facts('o1'), deliveredAt: '2018-02-06T10:00:00Z' }],
    ];
    const statuses = await Promise.all(
      story.map(async (_, last) => {
        const [row] = await rowsAfter(orderSummary, ...story.slice(0, last + 1));
        return (row as { status: string }).status;
      }),
    );
    assert.equal(statuses, ['placed', 'confirmed', 'handed-over', 'delivered']);
    assert.equal(await rowsAfter(orderSummary, ...story), [
      {
        ...facts('o1'),
        ...untouched,
        status: 'delivered',
        paid: 0,
        confirmedAt: '2018-02-04T10:00:00Z',
        handedOverAt: '2018-02-05T10:00:00Z',
        deliveredAt: '2018-02-06T10:00:00Z',
        version: 4,
        paidByCurrency: null,
      },
    ]);
  });

  test('shows what is paid before it knows the order, and less after a refund', async () => {
    const alone = { orderId: 'o1', customerId: null, status: null, currency: null, amount: null, placedAt: null };
    assert.equal(await rowsAfter(orderSummary, captured('o1', 700)), [
      { ...alone, ...untouched, paid: 700, version: 0, paidByCurrency: '{"EUR":700}' },
    ]);
    const story = [captured('o1', 700), captured('o1', 300), placed('o1'), refunded('o1', 300)];
    assert.equal(await rowsAfter(orderSummary, ...story), [
      { ...facts('o1'), ...untouched, status: 'placed', paid: 700, version: 1, paidByCurrency: '{"EUR":700}' },
    ]);
  });

  test("counts as paid what came in the order's currency, whichever event comes first, and shows other currencies separately", async () => {
    const story = [placed('o1'), captured('o1', 700, 'USD'), captured('o1', 300), captured('o1', 5, 'AUD')];
    const paidByCurrency = '{"AUD":5,"EUR":300,"USD":700}';
    for (const told of [story, [...story].reverse(), [...story.slice(1), ...story.slice(0, 1)]]) {
      const [row] = (await rowsAfter(orderSummary, ...told)) as ReadonlyArray<Record<string, unknown>>;
      assert.equal([row?.['currency'], row?.['paid'], row?.['paidByCurrency']], ['EUR', 300, paidByCurrency]);
    }
    const [unpaid] = (await rowsAfter(orderSummary, placed('o1'), captured('o1', 700, 'USD'))) as [{ paid: number }];
    assert.is(unpaid.paid, 0);
    const [unknown] = (await rowsAfter(orderSummary, captured('o1', 7, 'USD'), captured('o1', 3))) as [
      { paid: number },
    ];
    assert.is(unknown.paid, 0);
  });

  test('tells a cancelled order from one that cannot be supplied', async () => {
    const unavailable: Told = [
      'order-o2',
      'OrderDeclaredUnavailable',
      { ...facts('o2'), reason: 'sold out', declaredAt: '2018-02-09T08:00:00Z' },
    ];
    assert.equal(await rowsAfter(orderSummary, placed('o1'), cancelled('o1'), placed('o2'), unavailable), [
      {
        ...facts('o1'),
        ...untouched,
        status: 'cancelled',
        paid: 0,
        cancelledAt: '2018-02-09T08:00:00Z',
        version: 2,
        paidByCurrency: null,
      },
      {
        ...facts('o2'),
        ...untouched,
        status: 'unavailable',
        paid: 0,
        unavailableAt: '2018-02-09T08:00:00Z',
        version: 2,
        paidByCurrency: null,
      },
    ]);
  });

  test('has the complete row from whichever event of the order comes first', async () => {
    const [row] = await rowsAfter(orderSummary, cancelled('o1'));
    assert.is((row as { customerId: string }).customerId, 'c1');
    assert.is((row as { amount: number }).amount, 1_000);
  });
});

spec('stock-level', ({ test }) => {
  test('adds receipts, reservations, releases and dispatches', async () => {
    const story = [stock('StockReceived', 10), stock('StockReserved', 3), stock('StockReserved', 2)];
    assert.equal(await rowsAfter(stockLevel, ...story), [
      { sku: 'a', onHand: 10, reserved: 5, available: 5, version: 3 },
    ]);
    assert.equal(
      await rowsAfter(stockLevel, ...story, stock('StockReservationReleased', 2), stock('StockDispatched', 3)),
      [{ sku: 'a', onHand: 7, reserved: 0, available: 7, version: 5 }],
    );
  });
});

spec('customer-orders', ({ test }) => {
  test('counts the orders of a customer, what they cost, and when the latest was placed', async () => {
    const story = [
      placed('o1', 100, '2018-02-03T10:00:00Z'),
      placed('o2', 50, '2018-02-05T10:00:00Z'),
      placed('o3', 7, '2018-02-04T10:00:00Z'),
      cancelled('o2'),
    ];
    assert.equal(await rowsAfter(customerOrders, ...story), [
      {
        customerId: 'c1',
        orders: 3,
        amount: 157,
        lastOrderAt: '2018-02-05T10:00:00Z',
        currency: 'EUR',
        ordersByCurrency: '{"EUR":3}',
        amountByCurrency: '{"EUR":157}',
      },
    ]);
  });

  test('never adds up two currencies: the amount is in the currency of most orders, and each currency has its own sum', async () => {
    const inCurrency = (id: string, amount: number, currency: string): Told => {
      const [stream, type, data] = placed(id, amount);
      return [stream, type, { ...data, currency }];
    };
    const story = [inCurrency('o1', 900, 'USD'), inCurrency('o2', 20, 'EUR'), inCurrency('o3', 3, 'EUR')];
    const amountByCurrency = '{"EUR":23,"USD":900}';
    for (const told of [story, [...story].reverse()]) {
      const [row] = (await rowsAfter(customerOrders, ...told)) as ReadonlyArray<Record<string, unknown>>;
      assert.equal(
        [row?.['orders'], row?.['currency'], row?.['amount'], row?.['ordersByCurrency'], row?.['amountByCurrency']],
        [3, 'EUR', 23, '{"EUR":2,"USD":1}', amountByCurrency],
      );
    }
    const [tied] = (await rowsAfter(customerOrders, ...story.slice(0, 2))) as [{ currency: string; amount: number }];
    assert.equal([tied.currency, tied.amount], ['EUR', 20]);
  });

  test('knows the later of two instants in one second', async () => {
    for (const [left, right] of [
      ['2018-02-03T10:00:00Z', '2018-02-03T10:00:00.5Z'],
      ['2018-02-03T10:00:00.5Z', '2018-02-03T10:00:00Z'],
    ]) {
      const [row] = await rowsAfter(customerOrders, placed('o1', 1, left), placed('o2', 1, right));
      assert.is((row as { lastOrderAt: string }).lastOrderAt, '2018-02-03T10:00:00.5Z');
    }
  });
});

spec('sales-by-day', ({ test }) => {
  const sums = { ordersPlaced: 1, amountPlaced: 1_000, ordersCancelled: 0, amountCancelled: 0, amountPaid: 0 };
  const day = { day: '2018-02-03', currency: 'EUR' };

  test('counts an order on the day of its placing, whenever it is paid or cancelled', async () => {
    assert.equal(
      await rowsAfter(
        salesByDay,
        placed('o1'),
        captured('o1', 700),
        placed('o2', 20),
        placed('o3', 5, '2018-02-04T00:00:00Z'),
        cancelled('o1'),
        refunded('o1', 700),
      ),
      [
        { ...day, ordersPlaced: 2, amountPlaced: 1_020, ordersCancelled: 1, amountCancelled: 1_000, amountPaid: 0 },
        { ...day, ...sums, day: '2018-02-04', amountPlaced: 5 },
      ],
    );
  });

  test('counts a payment on no day before its order is known', async () => {
    assert.equal(await rowsAfter(salesByDay, captured('o1', 700)), []);
    assert.equal(await rowsAfter(salesByDay, captured('o1', 700), placed('o1')), [
      { ...day, ...sums, amountPaid: 700 },
    ]);
  });

  test('never adds money of another currency', async () => {
    assert.equal(await rowsAfter(salesByDay, placed('o1'), captured('o1', 700, 'USD')), [{ ...day, ...sums }]);
  });
});

spec('the registry', ({ test }) => {
  test('has the columns that scripts rely on, in their order and before any other', () => {
    const columns = projections.map(({ name, view }) => [
      name,
      [...Object.keys(view.key), ...Object.keys(view.columns)].join(' '),
    ]);
    assert.equal(Object.fromEntries(columns) as Record<string, string>, {
      'order-summary':
        'orderId customerId status currency amount paid placedAt confirmedAt handedOverAt deliveredAt cancelledAt unavailableAt version paidByCurrency',
      'stock-level': 'sku onHand reserved available version',
      'customer-orders': 'customerId orders amount lastOrderAt currency ordersByCurrency amountByCurrency',
      'sales-by-day': 'day currency ordersPlaced amountPlaced ordersCancelled amountCancelled amountPaid',
    });
  });

  test('has a meaning for every column', () => {
    for (const { view } of projections) {
      for (const { meaning } of [...Object.values(view.key), ...Object.values(view.columns)]) {
        assert.match(meaning, /^[\dA-Za-z].*\.$/);
      }
    }
  });
});
