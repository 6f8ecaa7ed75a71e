/** An order as the demonstration reads it: facts of the outside world, before anything here has judged them. */

/** What stands in one line of an order; money in cents. */
export interface InputLine {
  readonly sku: string;
  readonly quantity: number;
  readonly unitPrice: number;
  /** For the whole line. */
  readonly freight: number;
}

export interface InputPayment {
  readonly paymentId: string;
  readonly method: string;
  readonly instalments: number;
  readonly amount: number;
  /** The bank refuses it; only generated orders know such payments. */
  readonly declined: boolean;
}

/** One order with all that ever became of it. Times are ISO 8601 in UTC; absent where it never happened. */
export interface InputOrder {
  readonly orderId: string;
  readonly customerId: string;
  /** The word of the source: `delivered`, `canceled`, `unavailable` and so on. */
  readonly status: string;
  readonly placedAt: string;
  readonly approvedAt?: string;
  readonly handedOverAt?: string;
  readonly deliveredAt?: string;
  readonly lines: ReadonlyArray<InputLine>;
  readonly payments: ReadonlyArray<InputPayment>;
  /** False where the warehouse never gets what the order needs; only generated orders know that. */
  readonly inStock: boolean;
}

/** The currency of every order: the marketplace is Brazilian. */
export const INPUT_CURRENCY = 'BRL';
