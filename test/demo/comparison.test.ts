/** Read models held against what they must show, and what is printed of that. */
import * as assert from 'uvu/assert';
import { compareOrders, compareRows, compareSums } from '../../api/demo/comparison';
import type { ExpectedOrder } from '../../api/demo/model';
import { commandLines, figureLines, verdictLines } from '../../api/demo/report';
import { withOthers } from '../../api/demo/stock-settling';
import { spec } from '../spec';

const expected: ExpectedOrder = {
  orderId: 'o1',
  customerId: 'c1',
  status: 'delivered',
  currency: 'BRL',
  placedAt: '2024-01-01T10:00:00Z',
  amount: 2_300,
  paid: 2_300,
  confirmedAt: '2024-01-01T11:00:00Z',
  handedOverAt: null,
  deliveredAt: null,
};
const rowsOf = (...rows: ReadonlyArray<Readonly<Record<string, unknown>>>) =>
  new Map(rows.map((row) => [String(row['orderId']), row]));

spec('comparing', ({ test }) => {
  test('finds nothing where all columns agree, whatever else the row shows', () => {
    assert.equal(compareOrders([expected], rowsOf({ ...expected, version: 4 })).differences, []);
  });

  test('names the row and the column that differ, and by how much', () => {
    assert.equal(compareOrders([expected], rowsOf({ ...expected, paid: 2_299, status: 'confirmed' })).differences, [
      'order-summary o1: status is "confirmed", not "delivered"',
      'order-summary o1: paid is 2299, not 2300',
    ]);
  });

  test('finds a row that is missing and one that should not be there', () => {
    assert.equal(compareOrders([expected], rowsOf({ ...expected, orderId: 'o2' })).differences, [
      'order-summary o1 is missing',
      'order-summary o2 should not be there',
    ]);
  });

  test('tells a null from a nought and from a column that is not there', () => {
    const differences = compareRows('v', new Map([['k', { a: null, b: 0 }]]), new Map([['k', { a: 0 }]]));
    assert.equal(differences, ['v k: a is 0, not null', 'v k: b is undefined, not 0']);
  });

  test('counts orders by status, those that only payments are known of apart', () => {
    const paidOnly = { ...expected, orderId: 'o2', status: null, paid: 7 };
    const { figures } = compareOrders([expected, paidOnly], rowsOf({ ...expected }, { ...paidOnly, paid: 8 }));
    assert.equal(
      figures.map((figure) => [figure.name, figure.expected, figure.found]),
      [
        ['orders delivered', 1, 1],
        ['paid for orders delivered', 2_300, 2_300],
        ['orders never placed', 1, 1],
        ['paid for orders never placed', 7, 8],
      ],
    );
  });

  test('sums columns up', () => {
    const sums = [{ name: 'pieces', column: 'onHand', isMoney: false }];
    const found = new Map([
      ['a', { onHand: 1 }],
      ['b', { onHand: 4 }],
    ]);
    const { figures, rows } = compareSums('stock-level', new Map([['a', { onHand: 1 }]]), found, sums);
    assert.equal([rows, figures], [1, [{ name: 'pieces', expected: 1, found: 5, isMoney: false }]]);
  });
});

spec('the report', ({ test }) => {
  const agreeing = compareOrders([expected], rowsOf({ ...expected }));
  const differing = compareOrders([expected], rowsOf({ ...expected, paid: 1 }));

  test('lists refusals, the most frequent first', () => {
    const refused = new Map([
      ['deliver: B', 2],
      ['place: A', 1_234],
      ['cancel: A', 2],
    ]);
    const lines = commandLines(
      { posted: 2_000, accepted: 700, unchanged: 62, refused, versions: new Map(), delivered: [] },
      2_000,
    );
    assert.equal(lines, [
      '2,000 commands posted in 2.0 s (1,000 per second): 700 accepted, 62 unchanged, 1,238 refused',
      'rejected, by reason:',
      '     1,234  place: A',
      '         2  cancel: A',
      '         2  deliver: B',
    ]);
  });

  test('shows money as decimals, marks what differs, and says what others are counted in', () => {
    const lines = figureLines({ comparisons: [differing], otherOrders: 3 });
    assert.match(lines[2] ?? '', /paid for orders delivered +23\.00 +0\.01  DIFFERS$/);
    assert.not.match(lines[1] ?? '', 'DIFFERS');
    assert.match(lines.at(-1) ?? '', /^3 other orders .* included in/);
  });

  test('says that all agrees, and how much that is', () => {
    assert.equal(verdictLines({ comparisons: [agreeing], otherOrders: 0 }), ['All 1 rows and 2 totals agree.']);
  });

  test('lists differences, but not without end', () => {
    const many = Array.from({ length: 25 }, (_, index) => ({ ...expected, orderId: `o${index}` }));
    const lines = verdictLines({ comparisons: [compareOrders(many, rowsOf())], otherOrders: 0 });
    assert.equal([lines[0], lines.length, lines.at(-1)], ['25 differences:', 22, '  and 5 more']);
  });
});

spec('what others did to an article', ({ test }) => {
  const input = { hasOrder: (id: string) => id.startsWith('our'), hasReceipt: (id: string) => id.startsWith('our') };
  const event = (type: string, data: Readonly<Record<string, unknown>>) => ({ type, data });
  const ours = { onHand: 10, reserved: 3, available: 7 };

  test('is counted in, and what the input did is not counted twice', () => {
    const events = [
      event('StockReceived', { receiptId: 'our-1', quantity: 10 }),
      event('StockReserved', { orderId: 'our-o1', quantity: 3 }),
      event('StockReceived', { receiptId: 'theirs', quantity: 20 }),
      event('StockReserved', { orderId: 'a', quantity: 5 }),
      event('StockReserved', { orderId: 'b', quantity: 4 }),
      event('StockReserved', { orderId: 'c', quantity: 2 }),
      event('StockReleased', { orderId: 'a', quantity: 5 }),
      event('StockDispatched', { orderId: 'b', quantity: 4 }),
    ];
    assert.equal(withOthers(ours, events, input), { onHand: 26, reserved: 5, available: 21 });
  });

  test('is nothing where nobody else was there', () => {
    assert.equal(withOthers(ours, [event('StockReleased', { orderId: 'our-o1', quantity: 3 })], input), ours);
  });
});
