/**
 * The arrivals of one batch on their way through a handler. All of them go through one handling, which is fast; where that
 * breaks without saying on whose account, it is rolled back and the batch is halved until the event that broke it stands
 * alone. So one bad event costs its own key, and a good one is never set aside with it.
 */
import * as E from 'fp-ts/Either';
import type { Origin, Quarantine } from './quarantine-port';
import type { IncomingEvent, IncomingReader } from './incoming-events';
import { noCounts, type OutcomeCounts, type Counts } from '../status/status';
import type { CircuitBreaker } from './failure-rate-limit';
import type { EventHandler, Handling } from './event-handler';
import { failureOf, failurePolicies, TransientEventError, isAttributable, type Failure } from './failures';

/** What a walk through a batch meets. */
export interface Visitor {
  readonly arrival: (arrival: IncomingEvent) => void;
  readonly duplicate: () => void;
  /** A record that is no event of this store; it closes no stream. */
  readonly noEvent: (origin: Origin, failure: Failure, position: number | null) => void;
}

/** Walks through the batch; each walk meets the same. */
export type Visit = (visitor: Visitor) => void;

/** What a file's events are taken in with. */
export interface IntakeDependencies {
  readonly quarantine: Quarantine;
  /** Rolls back what was written in it when it throws, and nothing else; the call is inside a transaction. */
  readonly savepoint: <Result>(work: () => Result) => Result;
  readonly breakerOf: (consumer: string) => CircuitBreaker;
}

interface BatchOptions extends IntakeDependencies, Omit<IncomingReader, 'decode'> {
  readonly to: EventHandler;
  readonly exhaustedAttempts: number | undefined;
}

/** What one attempt at some arrivals has come to; given up as a whole when the attempt breaks. */
interface Attempt {
  readonly counts: Counts;
  /** The streams of which everything waits. */
  readonly closed: Set<string>;
  /** Those among them that this batch has closed. */
  readonly newlyClosed: Set<string>;
  readonly seen: Set<string>;
  latestReason: string;
}

/** Makes the function that takes one batch in. */
export const intakeBatch =
  (options: BatchOptions): ((visit: Visit) => OutcomeCounts) =>
  (visit) => {
    const { to, quarantine, breakerOf } = options;
    const start: Attempt = {
      counts: noCounts(),
      closed: quarantine.streams(to.consumer),
      newlyClosed: new Set(),
      seen: new Set(),
      latestReason: '',
    };
    const attempt = applyWholeBatch(options, start, visit) ?? bisect(options, start, visit);
    const keys = { seen: attempt.seen, quarantined: attempt.newlyClosed };
    const breaker = breakerOf(to.consumer);
    breaker.check(keys, attempt.latestReason);
    breaker.note(keys);
    return attempt.counts;
  };

/** Undefined where some event broke the handling. */
const applyWholeBatch = (options: BatchOptions, start: Attempt, visit: Visit): Attempt | undefined => {
  const attempt = copyOf(start);
  try {
    options.savepoint(() => {
      const handling = options.to.open();
      visit({
        duplicate: () => void (attempt.counts.duplicates += 1),
        noEvent: (...record) => noEvent(options, attempt, ...record),
        arrival: (arrival) => takeOne(options, attempt, handling, arrival),
      });
      handling.finish();
    });
    return attempt;
  } catch (bisect) {
    if (isAttributable(bisect) || isRetryExhausted(options, bisect)) return undefined;
    throw bisect;
  }
};

const bisect = (options: BatchOptions, start: Attempt, visit: Visit): Attempt => {
  let attempt = copyOf(start);
  const arrivals: IncomingEvent[] = [];
  visit({
    duplicate: () => void (attempt.counts.duplicates += 1),
    noEvent: (...record) => noEvent(options, attempt, ...record),
    arrival: (arrival) => void arrivals.push(arrival),
  });
  const takeRange = (from: number, to: number): void => {
    const trial = copyOf(attempt);
    try {
      options.savepoint(() => {
        const handling = options.to.open();
        for (const arrival of arrivals.slice(from, to)) takeOne(options, trial, handling, arrival);
        handling.finish();
      });
      attempt = trial;
    } catch (error) {
      if (!isAttributable(error) && !isRetryExhausted(options, error)) throw error;
      const [alone] = to - from === 1 ? arrivals.slice(from, to) : [];
      if (alone !== undefined) {
        setAside(options, attempt, alone, failureOf(error));
        return;
      }
      const middle = Math.floor((from + to) / 2);
      takeRange(from, middle);
      takeRange(middle, to);
    }
  };
  if (arrivals.length > 0) takeRange(0, arrivals.length);
  return attempt;
};

/** A fault of one event's own surroundings, after the last retry, where the consumer goes on without its key. */
const isRetryExhausted = ({ to, exhaustedAttempts }: BatchOptions, error: unknown): boolean =>
  error instanceof TransientEventError && exhaustedAttempts !== undefined && to.exhausted === 'quarantine';

const copyOf = ({ counts, closed, newlyClosed, seen, latestReason }: Attempt): Attempt => ({
  counts: { ...counts },
  closed: new Set(closed),
  newlyClosed: new Set(newlyClosed),
  seen: new Set(seen),
  latestReason,
});

const takeOne = (options: BatchOptions, attempt: Attempt, handling: Handling, arrival: IncomingEvent): void => {
  const { to, presentType, quarantine } = options;
  const { stream, type } = arrival.envelope;
  const { counts } = attempt;
  attempt.seen.add(stream);
  // A name from the future may be the newer one of an event that the group handles: to pass it by would be to lose it.
  const present = presentType(type);
  if (present !== undefined && !to.handled.has(present)) {
    counts.notApplicable += 1;
    return;
  }
  if (attempt.closed.has(stream)) {
    counts.parked += 1;
    quarantine.park(to.consumer, arrival.envelope, arrival.origin(), to.rowsOf(options.asFarAsRead(arrival)));
    return;
  }
  const decoded = arrival.decoded();
  if (E.isLeft(decoded)) {
    setAside(options, attempt, arrival, decoded.left);
    return;
  }
  const outcome = handling.handle(decoded.right);
  switch (outcome) {
    case 'applied':
      counts.applied += 1;
      return;
    case 'skipped':
      counts.skipped += 1;
      return;
    case 'not-applicable':
      counts.notApplicable += 1;
      return;
    default:
      if (failurePolicies[outcome.class].does === 'retry') throw new TransientEventError(outcome.reason);
      setAside(options, attempt, arrival, outcome);
  }
};

const noEvent = (
  { to, quarantine }: BatchOptions,
  { counts }: Attempt,
  ...[origin, failure, position]: Parameters<Visitor['noEvent']>
): void => {
  counts[countedAs[failure.class]] += 1;
  const { consumer, group } = to;
  quarantine.setAside({ consumer, group, envelope: undefined, position, origin, failure, attempts: 1, rows: [] });
};

const setAside = (options: BatchOptions, attempt: Attempt, arrival: IncomingEvent, failure: Failure): void => {
  const { to, quarantine, exhaustedAttempts } = options;
  const { envelope, origin } = arrival;
  if (quarantine.isDiscarded(to.group, envelope.id)) {
    attempt.counts.skipped += 1;
    return;
  }
  attempt.counts[countedAs[failure.class]] += 1;
  attempt.seen.add(envelope.stream);
  attempt.closed.add(envelope.stream);
  attempt.newlyClosed.add(envelope.stream);
  attempt.latestReason = failure.reason;
  const attempts = failure.class === 'transient' ? (exhaustedAttempts ?? 1) : 1;
  const rows = to.rowsOf(options.asFarAsRead(arrival));
  const { consumer, group } = to;
  quarantine.setAside({ consumer, group, envelope, origin: origin(), failure, attempts, rows });
};

const countedAs = {
  malformed: 'malformed',
  'unknown-contract': 'unknownContract',
  transient: 'transient',
  rejected: 'rejected',
  defect: 'defect',
  foreign: 'foreign',
  misplaced: 'misplaced',
} as const;
