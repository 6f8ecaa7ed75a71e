/** An order as the demonstration reads it: facts of the outside world, not validated yet. */

/** One line of an order; money in cents. */
export interface InputLine {
  readonly sku: string;
  readonly quantity: number;
  readonly unitPrice: number;
  /** For the whole line, not per piece. */
  readonly freight: number;
}

export interface InputPayment {
  readonly paymentId: string;
  readonly method: string;
  readonly instalments: number;
  readonly amount: number;
  /** The bank declines it; only generated orders have such payments. */
  readonly declined: boolean;
}

/** One order with its whole history. Times are ISO 8601 in UTC, absent if the event never happened. */
export interface InputOrder {
  readonly orderId: string;
  readonly customerId: string;
  /** The status as the source names it: `delivered`, `canceled`, `unavailable` and so on. */
  readonly status: string;
  readonly placedAt: string;
  readonly approvedAt?: string;
  readonly handedOverAt?: string;
  readonly deliveredAt?: string;
  readonly lines: ReadonlyArray<InputLine>;
  readonly payments: ReadonlyArray<InputPayment>;
  /** False if the warehouse never receives what the order needs; only generated orders have that. */
  readonly inStock: boolean;
}

/** The currency of every order: the marketplace is Brazilian. */
export const INPUT_CURRENCY = 'BRL';
