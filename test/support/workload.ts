/** A stream of commands with a known outcome: what the engine must end with, whatever is killed on the way. */
import { systemClock } from '../../infra/clock';

/** What one order must come to. */
export interface Expectation {
  readonly orderId: string;
  readonly status: string;
  readonly paid: number;
  readonly amount: number;
}

type Story = 'delivered' | 'cancelled-by-customer' | 'payment-declined' | 'out-of-stock' | 'confirmed';
const stories: ReadonlyArray<Story> = [
  'delivered',
  'cancelled-by-customer',
  'payment-declined',
  'out-of-stock',
  'confirmed',
];

const UNIT_PRICE = 1_250;
const FREIGHT = 300;
const at = (day: number, hour: number): string =>
  `2018-03-${String((day % 28) + 1).padStart(2, '0')}T${String(hour).padStart(2, '0')}:00:00Z`;

const REQUEST_TIMEOUT_MS = 5_000;

/** Posts until the server has taken (or refused) the command: the key makes every repeat harmless. */
export const post = async (url: string, path: string, body: unknown): Promise<{ status: number; body: unknown }> => {
  for (;;) {
    try {
      const response = await fetch(`${url}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': `workload${path}` },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
      });
      const answer: unknown = await response.json();
      if (response.status < 500 && response.status !== 409 && response.status !== 429)
        return { status: response.status, body: answer };
    } catch {
      // Killed or not yet up again: ask until it answers.
    }
    await systemClock.sleep(50);
  }
};

const accepted = async (url: string, path: string, body: unknown): Promise<void> => {
  const answer = await post(url, path, body);
  if (answer.status > 201) throw new Error(`${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
};

const confirmed = async (url: string, orderId: string): Promise<void> => {
  for (;;) {
    try {
      const response = await fetch(`${url}/views/order-summary/${orderId}?wait=1000`, {
        headers: { 'consistency-token': `order-${orderId}@2` },
        signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
      });
      if (response.ok && ((await response.json()) as { confirmedAt: unknown }).confirmedAt !== null) return;
    } catch {
      // As above.
    }
    await systemClock.sleep(50);
  }
};

/** Fills the warehouse: enough of every sku but the one that runs out. */
export const stockUp = async (url: string, prefix: string): Promise<void> => {
  for (let sku = 0; sku < 7; sku += 1) {
    const body = { receiptId: 'r1', quantity: 100_000, receivedAt: '2018-02-01T00:00:00Z' };
    await accepted(url, `/stock/${prefix}sku${sku}/receive`, body);
  }
};

/** Tells the story of order `index` to its end and answers what must come of it. */
export const playOrder = async (url: string, prefix: string, index: number): Promise<Expectation> => {
  const story = stories[index % stories.length] ?? 'delivered';
  const orderId = `${prefix}o${index}`;
  const sku = story === 'out-of-stock' ? `${prefix}rare` : `${prefix}sku${index % 7}`;
  const quantity = (index % 3) + 1;
  const amount = quantity * UNIT_PRICE + FREIGHT;
  const order = `/orders/${orderId}`;
  const payment = `/payments/${orderId}-1`;
  await accepted(url, `${order}/place`, {
    customerId: `${prefix}c${index % 11}`,
    currency: 'EUR',
    placedAt: at(index, 8),
    lines: [{ sku, quantity, unitPrice: UNIT_PRICE, freight: FREIGHT }],
  });
  const authorise = {
    orderId,
    method: 'credit-card',
    instalments: 1,
    amount,
    currency: 'EUR',
    authorisedAt: at(index, 9),
  };
  await accepted(url, `${payment}/authorise`, authorise);
  if (story === 'payment-declined') {
    const decline = { orderId, amount, currency: 'EUR', reason: 'card refused', declinedAt: at(index, 10) };
    await accepted(url, `${payment}/decline`, decline);
    return { orderId, status: 'cancelled', paid: 0, amount };
  }
  await accepted(url, `${payment}/capture`, { capturedAt: at(index, 10) });
  if (story === 'out-of-stock') return { orderId, status: 'cancelled', paid: 0, amount };
  if (story === 'cancelled-by-customer') {
    await accepted(url, `${order}/cancel`, { reason: 'changed my mind', cancelledAt: at(index, 11) });
    return { orderId, status: 'cancelled', paid: 0, amount };
  }
  if (story === 'delivered') {
    await confirmed(url, orderId);
    await accepted(url, `${order}/hand-to-carrier`, { handedOverAt: at(index, 12) });
    await accepted(url, `${order}/deliver`, { deliveredAt: at(index, 20) });
    return { orderId, status: 'delivered', paid: amount, amount };
  }
  return { orderId, status: 'confirmed', paid: amount, amount };
};

/** All rows of a view, page by page. */
export const readView = async (
  url: string,
  view: string,
): Promise<ReadonlyArray<Readonly<Record<string, unknown>>>> => {
  const rows: Readonly<Record<string, unknown>>[] = [];
  let cursor: string | undefined;
  do {
    const query = cursor === undefined ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const response = await fetch(`${url}/views/${view}?limit=500${query}`);
    if (!response.ok) throw new Error(`${view}: ${response.status}`);
    const page = (await response.json()) as { items: Readonly<Record<string, unknown>>[]; nextCursor?: string };
    rows.push(...page.items);
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return rows;
};
