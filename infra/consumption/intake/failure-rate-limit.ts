/**
 * Tells a few from all: where too large a share of the keys seen lately had to be set aside, the program must be wrong, and where
 * too large a share of the records is not this store's, the log must be. The group stops then instead of setting aside all the
 * rest.
 */
import { EngineFault } from '../../engine-fault';
import type { Failure } from './failures';

// -------------------------------------------------------------------------------------
// A few bad keys, or a bad program
// -------------------------------------------------------------------------------------

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
  /** Takes a batch that was checked into account. */
  readonly note: (keys: KeysSeen) => void;
}

/** The breakers of one file's consumers; that one has tripped outlasts the process. */
export interface CircuitBreakers {
  readonly of: (consumer: string) => CircuitBreaker;
  /**
   * Runs work that may trip the consumer's breaker; `write` runs a transaction. That it tripped is written down in a
   * transaction of its own, for the one in which it happened is rolled back.
   */
  readonly guard: <Result>(consumer: string, write: <Any>(work: () => Any) => Any, work: () => Result) => Result;
}

/** Which breakers have tripped, and have not been found right since. Calls that write belong inside the caller's transaction. */
export interface TrippedBreakers {
  readonly isTripped: (consumer: string) => boolean;
  readonly trip: (consumer: string, reason: string) => void;
  readonly reset: (consumer: string) => void;
}

/** The breakers of a file, none of which has counted anything yet. */
export const circuitBreakersOf = (tripped: TrippedBreakers, policy: BreakerPolicy): CircuitBreakers => {
  const breakers = new Map<string, CircuitBreaker>();
  return {
    of: (consumer) => {
      const known =
        breakers.get(consumer) ?? circuitBreaker(policy, tripped.isTripped(consumer), () => tripped.reset(consumer));
      breakers.set(consumer, known);
      return known;
    },
    guard: (consumer, write, work) => {
      try {
        return write(work);
      } catch (error) {
        if (error instanceof CircuitOpen) write(() => tripped.trip(consumer, error.message));
        throw error;
      }
    },
  };
};

/** @param onRight called once when the time after a trip is over */
const circuitBreaker = (policy: BreakerPolicy, hasTripped: boolean, onRight: () => void): CircuitBreaker => {
  /** Key to whether it was quarantined, oldest first. */
  const recent = new Map<string, boolean>();
  let quarantinedRecently = 0;
  let isHalfOpen = hasTripped;

  const note = ({ seen, quarantined }: KeysSeen): void => {
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
    if (!isHalfOpen || recent.size < policy.recentKeys) return;
    isHalfOpen = false;
    onRight();
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

// -------------------------------------------------------------------------------------
// A few records that do not belong here, or another store's log
// -------------------------------------------------------------------------------------

/** The topics hold another history, wholly or in part: an operator has to decide. */
export class NotThisLog extends EngineFault {
  override readonly name = 'NotThisLog';
}

/** How many of the latest records count. */
const RECENT_RECORDS = 1_000;
/** So many of them halt the group, whatever their share. */
const MAX_FOREIGN_RECORDS = 100;
/** Fewer than these never do. */
const MIN_FOREIGN_RECORDS = 25;
/** Above this share of them the log is not this store's. */
const MAX_FOREIGN_SHARE = 0.25;

/** What a batch had in it. */
export interface BatchShare {
  readonly records: number;
  readonly foreign: number;
  readonly latest: { readonly failure: Failure; readonly topic: string } | undefined;
}

export interface ForeignShare {
  /** Takes a batch into account. Throws {@link NotThisLog} where it passes the bound, and forgets the batch then. */
  readonly note: (batch: BatchShare) => void;
}

/** Nothing was read yet. */
export const foreignShare = (storeId: () => string): ForeignShare => {
  /** The latest batches, oldest first. */
  const recent: BatchShare[] = [];
  let records = 0;
  let foreign = 0;
  const add = (batch: BatchShare, sign: 1 | -1): void => {
    records += sign * batch.records;
    foreign += sign * batch.foreign;
  };
  return {
    note: (batch) => {
      if (batch.records === 0) return;
      add(batch, 1);
      const isTooMany = foreign >= MIN_FOREIGN_RECORDS && foreign > MAX_FOREIGN_SHARE * records;
      if (batch.latest !== undefined && (isTooMany || foreign >= MAX_FOREIGN_RECORDS)) {
        const reason = reasonOf(foreign, records, batch.latest, storeId());
        add(batch, -1);
        throw new NotThisLog(reason);
      }
      recent.push(batch);
      while (recent.length > 1 && records - (recent[0]?.records ?? 0) >= RECENT_RECORDS) {
        const oldest = recent.shift();
        if (oldest !== undefined) add(oldest, -1);
      }
    },
  };
};

const reasonOf = (
  foreign: number,
  records: number,
  { failure, topic }: NonNullable<BatchShare['latest']>,
  storeId: string,
): string =>
  `${foreign} of the last ${records} records are not events of this store (${storeId}) in their place; the latest, in ` +
  `${topic}: ${failure.reason}. None of them was applied. Where another installation writes to these topics, or they are ` +
  "another store's, give this one topics of its own: stop it, and follow 'npx tidemark store new-history' with another " +
  "KAFKA_TOPIC_PREFIX. Where the records are known and not wanted, move the group past them: 'npx tidemark offsets'";
