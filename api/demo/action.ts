/** One step of the demonstration: a command over HTTP, at a point in business time. */

export interface Action {
  /** Business time; defines the global order of all actions. */
  readonly at: string;
  /** Actions of one lane are performed strictly one after another: an order's id, or `stock-<sku>`. */
  readonly lane: string;
  /** Lanes whose earlier actions must be done before this one. */
  readonly after: ReadonlyArray<string>;
  /** What the action is to the model that the totals are computed from. */
  readonly step: Step;
  readonly path: 'orders' | 'stock' | 'payments';
  readonly id: string;
  readonly command: string;
  readonly body: Readonly<Record<string, unknown>>;
}

export type Step =
  | { readonly _tag: 'Receive'; readonly sku: string; readonly quantity: number }
  | { readonly _tag: 'Place'; readonly orderId: string }
  | { readonly _tag: 'Authorise'; readonly orderId: string; readonly paymentId: string; readonly amount: number }
  | { readonly _tag: 'Decline'; readonly orderId: string; readonly paymentId: string }
  | { readonly _tag: 'Capture'; readonly orderId: string; readonly paymentId: string }
  | { readonly _tag: 'HandOver' | 'Deliver' | 'Cancel' | 'DeclareUnavailable'; readonly orderId: string };
