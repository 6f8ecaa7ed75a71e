/** What may delay the next command of a sender. */

export interface SendGate {
  /** Returns 0 where one more may be sent now, and counts it; otherwise the milliseconds to wait, or Infinity until `resume`. */
  readonly claim: () => number;
}

/** A gate that delays nothing. */
export const openGate: SendGate = { claim: () => 0 };
