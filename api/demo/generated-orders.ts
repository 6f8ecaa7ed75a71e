/** Orders from a seed, for a demonstration without input files: the same seed always gives the same orders. */
import type { InputLine, InputOrder, InputPayment } from './input-order';

const FIRST_DAY_MS = Date.UTC(2024, 0, 1);
const MINUTE_MS = 60_000;
const DAYS = 60;
const PRODUCTS = 40;
const CUSTOMERS = 120;

/**
 * Generates orders that take every possible course: most are delivered, some are cancelled or unavailable, some are paid in
 * two ways, some are declined by the bank or lack stock, and a few break the rules and must be rejected.
 */
export const generateOrders = (count: number, seed: number): ReadonlyArray<InputOrder> =>
  Array.from({ length: count }, (_, index) => generateOrder(index, randomOf(seed * 1_000_003 + index), seed));

type Random = () => number;

/** The courses an order can take, with their frequencies. */
const fates = [
  ['delivered', 0.7],
  ['shipped', 0.08],
  ['processing', 0.05],
  ['canceled', 0.05],
  ['unavailable', 0.03],
  ['declined', 0.03],
  ['out-of-stock', 0.03],
  ['carrier-too-early', 0.015],
  ['cancelled-late', 0.005],
  ['no-lines', 0.01],
] as const;

type Fate = (typeof fates)[number][0];

const generateOrder = (index: number, random: Random, seed: number): InputOrder => {
  const fate = pickFate(random());
  const orderId = `demo-${seed}-${String(index + 1).padStart(5, '0')}`;
  const lines = fate === 'no-lines' ? [] : linesOf(random, fate === 'out-of-stock' ? `${orderId}-rare` : undefined);
  const total = lines.reduce((sum, line) => sum + line.unitPrice * line.quantity + line.freight, 0);
  const placedMs = FIRST_DAY_MS + Math.floor(random() * DAYS * 1_440) * MINUTE_MS;
  const approvedMs = placedMs + minutes(random, 5, 600);
  const handedOverMs = fate === 'carrier-too-early' ? placedMs + MINUTE_MS : approvedMs + minutes(random, 60, 4_000);
  return {
    orderId,
    customerId: `demo-customer-${1 + Math.floor(random() * CUSTOMERS)}`,
    status: STATUS_OF[fate],
    placedAt: instant(placedMs),
    ...(APPROVED.has(fate) ? { approvedAt: instant(approvedMs) } : {}),
    ...(HANDED_OVER.has(fate) ? { handedOverAt: instant(handedOverMs) } : {}),
    ...(DELIVERED.has(fate) ? { deliveredAt: instant(handedOverMs + minutes(random, 600, 10 * 1_440)) } : {}),
    lines,
    payments: paymentsOf(random, orderId, total, fate),
    inStock: fate !== 'out-of-stock',
  };
};

const STATUS_OF: Readonly<Record<Fate, string>> = {
  delivered: 'delivered',
  shipped: 'shipped',
  processing: 'processing',
  canceled: 'canceled',
  unavailable: 'unavailable',
  declined: 'created',
  'out-of-stock': 'created',
  'carrier-too-early': 'shipped',
  'cancelled-late': 'canceled',
  'no-lines': 'created',
};

const HANDED_OVER: ReadonlySet<Fate> = new Set(['delivered', 'shipped', 'carrier-too-early', 'cancelled-late']);
const DELIVERED: ReadonlySet<Fate> = new Set(['delivered', 'cancelled-late']);
const APPROVED: ReadonlySet<Fate> = new Set([...HANDED_OVER, 'processing', 'canceled', 'unavailable']);

const pickFate = (at: number): Fate => {
  let upTo = 0;
  for (const [fate, share] of fates) {
    upTo += share;
    if (at < upTo) return fate;
  }
  return 'delivered';
};

const linesOf = (random: Random, onlySku: string | undefined): ReadonlyArray<InputLine> => {
  const count = onlySku === undefined ? 1 + Math.floor(random() * 3) : 1;
  const first = Math.floor(random() * PRODUCTS);
  return Array.from({ length: count }, (_, index) => ({
    sku: onlySku ?? `demo-sku-${String(1 + ((first + index) % PRODUCTS)).padStart(3, '0')}`,
    quantity: 1 + Math.floor(random() * 3),
    unitPrice: 500 + Math.floor(random() * 20_000),
    freight: Math.floor(random() * 3_000),
  }));
};

const paymentsOf = (random: Random, orderId: string, total: number, fate: Fate): ReadonlyArray<InputPayment> => {
  const byVoucher = random() < 0.1 ? Math.floor(total / 3) : 0;
  const parts = [
    { method: 'credit-card', instalments: 1 + Math.floor(random() * 10), amount: total - byVoucher },
    { method: 'voucher', instalments: 1, amount: byVoucher },
  ];
  return parts
    .filter((part) => part.amount > 0)
    .map((part, index) => ({
      ...part,
      paymentId: `${orderId}-${index + 1}`,
      declined: fate === 'declined' && index === 0,
    }));
};

const minutes = (random: Random, least: number, most: number): number =>
  Math.floor(least + random() * (most - least)) * MINUTE_MS;

const instant = (timeMs: number): string => new Date(timeMs).toISOString().replace('.000Z', 'Z');

/** A seeded generator of numbers in [0, 1) (mulberry32). */
const randomOf = (seed: number): Random => {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
};
