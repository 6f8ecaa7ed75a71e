/**
 * Distinguishes a few bad streams from a faulty program: where too large a share of the recent streams had to be quarantined, the
 * group halts instead of quarantining the rest too.
 */
import { EngineFault } from '../../engine-fault';

export interface BreakerPolicy {
  /** The number of most recent streams that the share refers to. */
  readonly recentKeys: number;
  /** The share of them that may be quarantined. */
  readonly share: number;
  /** Fewer quarantined streams than these never trip it. */
  readonly leastKeys: number;
  /** The same for the first streams after it has tripped, so that a restart of the same program does not quarantine as many again. */
  readonly leastKeysAfterTrip: number;
}

/** The policy of a group that declares none. */
export const defaultBreakerPolicy: BreakerPolicy = {
  recentKeys: 1_000,
  share: 0.1,
  leastKeys: 20,
  leastKeysAfterTrip: 3,
};

/** Too many streams fail at once: the program rather than the events must be wrong. */
export class CircuitOpen extends EngineFault {
  override readonly name = 'CircuitOpen';
}

/** The streams of one batch: which were seen, and which were newly quarantined. */
export interface KeysSeen {
  readonly seen: ReadonlySet<string>;
  readonly quarantined: ReadonlySet<string>;
}

export interface CircuitBreaker {
  /** Throws {@link CircuitOpen} where the batch would exceed the bound. Does not count the batch; see `note`. */
  readonly check: (keys: KeysSeen, latestReason: string) => void;
  /** Counts a batch that was checked. Returns true when the stricter period after a trip is over. */
  readonly note: (keys: KeysSeen) => boolean;
}

/** @param hasTripped whether it has tripped, in an earlier process too, and the stricter period after that is not over */
export const circuitBreaker = (policy: BreakerPolicy, hasTripped: boolean): CircuitBreaker => {
  /** Stream to whether it was quarantined, oldest first. */
  const recent = new Map<string, boolean>();
  let quarantinedRecently = 0;
  let isHalfOpen = hasTripped;

  const note = ({ seen, quarantined }: KeysSeen): boolean => {
    for (const key of seen) {
      const known = recent.get(key);
      const isBad = quarantined.has(key);
      if (known === undefined || (isBad && !known)) {
        recent.set(key, isBad);
        if (isBad) quarantinedRecently += 1;
      }
    }
    for (const [key, wasBad] of recent) {
      if (recent.size <= policy.recentKeys) break;
      recent.delete(key);
      if (wasBad) quarantinedRecently -= 1;
    }
    const isOver = isHalfOpen && recent.size >= policy.recentKeys;
    if (isOver) isHalfOpen = false;
    return isOver;
  };

  return {
    note,
    check: ({ seen, quarantined }, latestReason) => {
      const fresh = [...seen].filter((key) => !recent.has(key)).length;
      const bad = quarantinedRecently + [...quarantined].filter((key) => recent.get(key) !== true).length;
      const all = Math.min(policy.recentKeys, recent.size + fresh);
      const least = isHalfOpen ? policy.leastKeysAfterTrip : policy.leastKeys;
      if (quarantined.size === 0 || bad < least || bad <= policy.share * all) return;
      throw new CircuitOpen(
        `${bad} of the last ${all} streams failed for good, more than ${Math.round(policy.share * 100)} %: the program rather ` +
          `than its events must be wrong, so no more streams are quarantined. The latest failure: ${latestReason}. ` +
          'Fix the cause, restart, then redrive the dead letters',
      );
    },
  };
};
