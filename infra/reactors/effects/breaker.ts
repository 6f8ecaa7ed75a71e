/** A circuit breaker and a limit of the rate: when the next call of an effect may be made. */
import type { EffectPolicy } from '../../../domain/kernel/effect';
import type { Clock } from '../../clock';

/** The breaker of one effect. `half-open`: one call is being tried. */
export type BreakerState = 'closed' | 'open' | 'half-open';

export interface Breaker {
  readonly state: () => BreakerState;
  /** The milliseconds until the next call may be made; 0 where it may be now, and it is counted then. */
  readonly claim: () => number;
  /** The claimed call was not made after all. */
  readonly released: () => void;
  readonly succeeded: () => void;
  readonly failed: () => void;
}

/** Opens after consecutive transient failures; after a wait one call is tried, which closes it or opens it again. */
export const circuitBreaker = (
  { failures, openMs }: EffectPolicy['breaker'],
  clock: Pick<Clock, 'monotonicMs'>,
): Breaker => {
  let consecutive = 0;
  let openUntilMs: number | undefined;
  let isTrying = false;
  const state = (): BreakerState => (openUntilMs === undefined ? 'closed' : isTrying ? 'half-open' : 'open');
  return {
    state,
    claim: () => {
      if (openUntilMs === undefined) return 0;
      const leftMs = openUntilMs - clock.monotonicMs();
      if (leftMs > 0) return leftMs;
      // The call that is being tried decides; `failed` or `succeeded` ends the wait sooner or later.
      if (isTrying) return openMs;
      isTrying = true;
      return 0;
    },
    released: () => {
      isTrying = false;
    },
    succeeded: () => {
      consecutive = 0;
      openUntilMs = undefined;
      isTrying = false;
    },
    failed: () => {
      consecutive += 1;
      isTrying = false;
      if (consecutive >= failures) openUntilMs = clock.monotonicMs() + openMs;
    },
  };
};

/** Spaces calls evenly; a pause is not made up for by a burst. */
export const rateLimit = (
  ratePerSecond: number | undefined,
  clock: Pick<Clock, 'monotonicMs'>,
): { readonly waitMs: () => number; readonly count: () => void } => {
  if (ratePerSecond === undefined) return { waitMs: () => 0, count: () => undefined };
  const intervalMs = 1_000 / ratePerSecond;
  let nextAtMs = -Infinity;
  return {
    waitMs: () => Math.max(0, nextAtMs - clock.monotonicMs()),
    count: () => {
      const nowMs = clock.monotonicMs();
      // Timers fire late: up to one interval is made up for, so that the rate is reached.
      nextAtMs = Math.max(nextAtMs, nowMs - intervalMs) + intervalMs;
    },
  };
};
