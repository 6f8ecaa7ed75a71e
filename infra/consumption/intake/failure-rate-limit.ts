/**
 * Distinguishes a few failures from a systematic fault: where too large a share of the recent streams had to be quarantined, the
 * program must be wrong, and where too large a share of the records is foreign, the log must be. The group halts then instead of
 * dead-lettering all the rest.
 */
import { EngineFault } from '../../engine-fault';
import type { Failure } from './failures';

// -------------------------------------------------------------------------------------
// Failures of streams
// -------------------------------------------------------------------------------------

export interface BreakerPolicy {
  /** The number of most recent streams that the share refers to. */
  readonly recentKeys: number;
  /** The share of them that may be quarantined. */
  readonly share: number;
  /** Fewer quarantined streams than these never trip it. */
  readonly leastKeys: number;
  /** The same for the first streams after it has tripped, so that a restart of the same program quarantines fewer. */
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
  /** Counts a batch that was checked. */
  readonly note: (keys: KeysSeen) => void;
}

/** The circuit breakers of one file's consumers. That a breaker has tripped is stored, so that a restart knows it. */
export interface CircuitBreakers {
  readonly of: (consumer: string) => CircuitBreaker;
  /**
   * Runs work that may trip the consumer's breaker; `write` runs a transaction. The trip is stored in a
   * second transaction, as the one in which it happened is rolled back.
   */
  readonly guard: <Result>(consumer: string, write: <Any>(work: () => Any) => Any, work: () => Result) => Result;
}

/** The breakers that have tripped and are not reset. Calls that write belong inside the caller's transaction. */
export interface TrippedBreakers {
  readonly isTripped: (consumer: string) => boolean;
  readonly trip: (consumer: string, reason: string) => void;
  readonly reset: (consumer: string) => void;
}

/** Makes the breakers of a file. */
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

/** @param onRight called once when the stricter period after a trip is over */
const circuitBreaker = (policy: BreakerPolicy, hasTripped: boolean, onRight: () => void): CircuitBreaker => {
  /** Stream to whether it was quarantined, oldest first. */
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
        `${bad} of the last ${all} streams failed for good, more than ${Math.round(policy.share * 100)} %: the program rather ` +
          `than its events must be wrong, so no more streams are quarantined. The latest failure: ${latestReason}. ` +
          'Fix the cause, restart, then redrive the dead letters',
      );
    },
  };
};

// -------------------------------------------------------------------------------------
// Foreign records
// -------------------------------------------------------------------------------------

/** The topics contain another history, wholly or in part: an operator has to decide. */
export class NotThisLog extends EngineFault {
  override readonly name = 'NotThisLog';
}

/** The number of most recent records that the limits refer to. */
const RECENT_RECORDS = 1_000;
/** This many foreign records halt the group, whatever their share. */
const MAX_FOREIGN_RECORDS = 100;
/** Fewer than these never do. */
const MIN_FOREIGN_RECORDS = 25;
/** A larger share of foreign records than this halts the group. */
const MAX_FOREIGN_SHARE = 0.25;

/** The number of records in a batch, and of the foreign ones among them. */
export interface BatchShare {
  readonly records: number;
  readonly foreign: number;
  readonly latest: { readonly failure: Failure; readonly topic: string } | undefined;
}

export interface ForeignShare {
  /** Counts a batch. Throws {@link NotThisLog} where it exceeds a limit, and does not count it then. */
  readonly note: (batch: BatchShare) => void;
}

/** The share of a consumer that has not read anything yet. */
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
  `${topic}: ${failure.reason}. None of them was applied. If another installation writes to these topics, or they belong to ` +
  "another store, give this one its own topics: stop it, and follow 'npx tidemark store new-history' with another " +
  "KAFKA_TOPIC_PREFIX. If the records are known and unwanted, move the group past them: 'npx tidemark offsets'";
