/** What the handler of an effect returns, or throws. */

/** The outcome of a call. A handler that throws is retried where the fault can pass, and suspended where it can't. */
export type EffectOutcome<Result> =
  | { readonly _tag: 'Done'; readonly result: Result }
  /** The other side refuses for a business reason: final, as no retry would change it. */
  | { readonly _tag: 'Rejected'; readonly rejection: string; readonly message: string }
  /** Not yet: to be called again at a time (ISO 8601 with its zone); does not count as a failed attempt. */
  | { readonly _tag: 'TryAgain'; readonly at: string; readonly reason: string };

/**
 * The effect is done, with a result that its codec accepts.
 *
 * @example
 * ```ts
 * return done({ messageId: sent.id });
 * ```
 */
export const done = <Result>(result: Result): EffectOutcome<Result> => ({ _tag: 'Done', result });

/**
 * The other side rejects it for a business reason, named in PascalCase.
 *
 * @example
 * ```ts
 * if (response.status === 422) return declined('AddressUnknown', 'The post has no such address.');
 * ```
 */
export const declined = (rejection: string, message: string): EffectOutcome<never> => ({
  _tag: 'Rejected',
  rejection,
  message,
});

/**
 * It is to be called again at a time: ISO 8601 with its zone, computed from data, or from a response such as `Retry-After`.
 *
 * @example
 * ```ts
 * return tryAgainAt('2026-01-02T08:00:00Z', 'The bank is closed.');
 * ```
 */
export const tryAgainAt = (at: string, reason: string): EffectOutcome<never> => ({ _tag: 'TryAgain', at, reason });

/**
 * Thrown by a handler where the other side is unavailable for now; retried with backoff. Network errors count as such anyway.
 *
 * @example
 * ```ts
 * if (response.status === 503) throw new EffectUnavailable('the mailer is down', 30_000);
 * ```
 */
export class EffectUnavailable extends Error {
  override readonly name = 'EffectUnavailable';
  constructor(
    message: string,
    /** Not to be retried sooner than after this time, for example from `Retry-After`. */
    readonly retryAfterMs?: number,
  ) {
    super(message);
  }
}

/** A final outcome, from which a command may follow. */
export type FinalEffectOutcome<Result> = Exclude<EffectOutcome<Result>, { readonly _tag: 'TryAgain' }>;
