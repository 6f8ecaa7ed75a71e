/**
 * Tells a few bad keys from a bad program: where too large a share of the keys seen lately had to be set aside, the group
 * stops instead of setting aside all the rest.
 */
import { EngineFault } from '../../engine-fault';

export interface BreakerPolicy {
  /** How many keys, the latest ones, the share is taken of. */
  readonly recentKeys: number;
  /** The share of them that may be quarantined. */
  readonly share: number;
  /** Fewer than these never trip it. */
  readonly leastKeys: number;
  /** The same in the first keys after it has tripped: another restart with the same program must not park as many again. */
  readonly leastKeysAfterTrip: number;
}

/** What holds where nothing else is declared. */
export const defaultBreakerPolicy: BreakerPolicy = {
  recentKeys: 1_000,
  share: 0.1,
  leastKeys: 20,
  leastKeysAfterTrip: 3,
};

/** Too many keys at once: the program rather than the events must be wrong. */
export class CircuitOpen extends EngineFault {
  override readonly name = 'CircuitOpen';
}

/** The keys of one batch: which were seen, and which were newly quarantined. */
export interface KeysSeen {
  readonly seen: ReadonlySet<string>;
  readonly quarantined: ReadonlySet<string>;
}

export interface CircuitBreaker {
  /** Throws {@link CircuitOpen} where the batch would pass the bound; remembers nothing of it then. */
  readonly check: (keys: KeysSeen, latestReason: string) => void;
  /** Takes a batch that was checked into account. Returns true when the time after a trip is over. */
  readonly note: (keys: KeysSeen) => boolean;
}

/** @param hasTripped whether it tripped in an earlier life and has not been found right since */
export const circuitBreaker = (policy: BreakerPolicy, hasTripped: boolean): CircuitBreaker => {
  /** Key to whether it was quarantined, oldest first. */
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
        `${bad} of the last ${all} keys failed for good, more than ${Math.round(policy.share * 100)} %: the program rather ` +
          `than its events must be wrong, so no more keys are set aside. The latest failure: ${latestReason}. ` +
          'Put the cause right, start again, then redrive what was set aside',
      );
    },
  };
};
