/** What happens to one event of a batch: skipped, parked behind a dead letter of its stream, applied, or dead-lettered. */
import * as E from 'fp-ts/Either';
import { noCounts, type Counts } from '../status/status';
import type { Arrival } from './arrivals';
import type { EventHandler, Handling } from './event-handler';
import { failurePolicies, TransientEventError, type Failure } from './failures';
import type { IncomingEvent, IncomingReader } from './incoming-events';
import type { Quarantine } from './quarantine-port';

/** The handler of the events, and what else their processing needs. */
export interface Taking extends Omit<IncomingReader, 'decode'> {
  readonly to: EventHandler;
  readonly quarantine: Quarantine;
  readonly exhaustedAttempts: number | undefined;
}

/** The result of one attempt at some events; discarded as a whole where the attempt throws. */
export interface Attempt {
  readonly counts: Counts;
  /** The quarantined streams. */
  readonly closed: Set<string>;
  /** Those among them that this batch has quarantined. */
  readonly newlyClosed: Set<string>;
  readonly seen: Set<string>;
  latestReason: string;
}

/** An attempt that has not begun, with these streams quarantined. */
export const noAttempt = (closed: Set<string>): Attempt => ({
  counts: noCounts(),
  closed,
  newlyClosed: new Set(),
  seen: new Set(),
  latestReason: '',
});

/** A copy to start another attempt from. */
export const copyOf = ({ counts, closed, newlyClosed, seen, latestReason }: Attempt): Attempt => ({
  counts: { ...counts },
  closed: new Set(closed),
  newlyClosed: new Set(newlyClosed),
  seen: new Set(seen),
  latestReason,
});

/** Processes one event. Throws what the handler throws, and TransientEventError where the event is to be retried. */
export const takeEvent = (taking: Taking, attempt: Attempt, handling: Handling, event: IncomingEvent): void => {
  const { to, presentType, quarantine } = taking;
  const { stream, type } = event.envelope;
  const { counts } = attempt;
  attempt.seen.add(stream);
  // An unknown type may be the new name of an event that the group handles: skipping it would lose it.
  const present = presentType(type);
  if (present !== undefined && !to.handled.has(present)) {
    counts.notApplicable += 1;
    return;
  }
  if (attempt.closed.has(stream)) {
    counts.parked += 1;
    quarantine.park(to.consumer, event.envelope, event.origin(), to.rowsOf(taking.asFarAsRead(event)));
    return;
  }
  const decoded = event.decoded();
  if (E.isLeft(decoded)) {
    setEventAside(taking, attempt, event, decoded.left);
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
      setEventAside(taking, attempt, event, outcome);
  }
};

/** Dead-letters an event and quarantines its stream; one that an operator has discarded is skipped. */
export const setEventAside = (taking: Taking, attempt: Attempt, event: IncomingEvent, failure: Failure): void => {
  const { to, quarantine, exhaustedAttempts } = taking;
  const { envelope, origin } = event;
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
  const rows = to.rowsOf(taking.asFarAsRead(event));
  const { consumer, group } = to;
  quarantine.deadLetter({ consumer, group, envelope, origin: origin(), failure, attempts, rows });
};

/** Dead-letters a record that is not an event of this store in its place; no stream is quarantined. */
export const setRecordAside = (
  { to, quarantine }: Taking,
  { counts }: Attempt,
  { origin, failure, position }: Extract<Arrival, { readonly _tag: 'NoEvent' }>,
): void => {
  counts[countedAs[failure.class]] += 1;
  const { consumer, group } = to;
  const kept = { consumer, group, envelope: undefined, position, origin: origin(), failure, attempts: 1, rows: [] };
  quarantine.deadLetter(kept);
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
