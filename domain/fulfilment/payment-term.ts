/** How long a customer has to pay: a setting of each installation. */
import { constrained } from '../kernel/codec';
import { defineSetting } from '../kernel/setting';

/** Two weeks. */
export const DEFAULT_PAYMENT_TERM_MS = 14 * 24 * 3_600_000;

const MIN_PAYMENT_TERM_MS = 1_000;
/** A hundred years. */
const MAX_PAYMENT_TERM_MS = 3_153_600_000_000;

const PaymentTerm = constrained(
  `integer from ${MIN_PAYMENT_TERM_MS} to ${MAX_PAYMENT_TERM_MS}`,
  (value: unknown): value is number =>
    Number.isSafeInteger(value) && Number(value) >= MIN_PAYMENT_TERM_MS && Number(value) <= MAX_PAYMENT_TERM_MS,
  { type: 'integer', minimum: MIN_PAYMENT_TERM_MS, maximum: MAX_PAYMENT_TERM_MS },
);

/** The setting `PAYMENT_TERM_MS`. */
export const paymentTermMs = defineSetting({
  variable: 'PAYMENT_TERM_MS',
  codec: PaymentTerm,
  default: DEFAULT_PAYMENT_TERM_MS,
  meaning:
    'How long an order may stay unpaid before it is cancelled, in milliseconds, counted from when it was recorded.',
});
