/** What happens to one event of a batch: skipped, parked behind a dead letter of its stream, applied, or dead-lettered. */
import * as E from 'fp-ts/Either';
import { noCounts, type Counts } from '../status/status';
import type { BatchItem } from './batch-items';
import type { EventHandler, Handling } from './event-handler';
import { failurePolicies, TransientEventError, type Failure } from './failures';
import type { IncomingEvent, IncomingReader } from './incoming-events';
import type { Quarantine } from './quarantine-port';

/** The handler of the events, and what else their processing needs. */
export interface IntakeContext extends Omit<IncomingReader, 'decode'> {
  readonly handler: EventHandler;
  readonly quarantine: Quarantine;
  readonly exhaustedAttempts: number | undefined;
}

/** The result of one attempt at some events; discarded as a whole where the attempt throws. */
export interface Attempt {
  readonly counts: Counts;
  /** The quarantined streams. */
  readonly quarantined: Set<string>;
  /** Those among them that this batch has quarantined. */
  readonly newlyQuarantined: Set<string>;
  readonly seen: Set<string>;
  latestReason: string;
}

/** An attempt that has not begun, with these streams quarantined. */
export const noAttempt = (quarantined: Set<string>): Attempt => ({
  counts: noCounts(),
  quarantined,
  newlyQuarantined: new Set(),
  seen: new Set(),
  latestReason: '',
});

/** A copy to start another attempt from. */
export const copyOf = ({ counts, quarantined, newlyQuarantined, seen, latestReason }: Attempt): Attempt => ({
  counts: { ...counts },
  quarantined: new Set(quarantined),
  newlyQuarantined: new Set(newlyQuarantined),
  seen: new Set(seen),
  latestReason,
});

/** Processes one event. Throws what the handler throws, and TransientEventError where the event is to be retried. */
export const takeEvent = (context: IntakeContext, attempt: Attempt, handling: Handling, event: IncomingEvent): void => {
  const { handler, presentType, quarantine } = context;
  const { stream, type } = event.envelope;
  const { counts } = attempt;
  attempt.seen.add(stream);
  // An unknown type may be the new name of an event that the group handles: skipping it would lose it.
  const present = presentType(type);
  if (present !== undefined && !handler.handled.has(present)) {
    counts.notApplicable += 1;
    return;
  }
  if (attempt.quarantined.has(stream)) {
    counts.parked += 1;
    quarantine.park(handler.consumer, event.envelope, event.origin(), handler.rowsOf(context.asFarAsRead(event)));
    return;
  }
  const decoded = event.decoded();
  if (E.isLeft(decoded)) {
    deadLetterEvent(context, attempt, event, decoded.left);
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
      deadLetterEvent(context, attempt, event, outcome);
  }
};

/** Dead-letters an event and quarantines its stream; one that an operator has discarded is skipped. */
export const deadLetterEvent = (
  context: IntakeContext,
  attempt: Attempt,
  event: IncomingEvent,
  failure: Failure,
): void => {
  const { handler, quarantine, exhaustedAttempts } = context;
  const { envelope, origin } = event;
  if (quarantine.isDiscarded(handler.group, envelope.id)) {
    attempt.counts.skipped += 1;
    return;
  }
  attempt.counts[countedAs[failure.class]] += 1;
  attempt.seen.add(envelope.stream);
  attempt.quarantined.add(envelope.stream);
  attempt.newlyQuarantined.add(envelope.stream);
  attempt.latestReason = failure.reason;
  const attempts = failure.class === 'transient' ? (exhaustedAttempts ?? 1) : 1;
  const rows = handler.rowsOf(context.asFarAsRead(event));
  const { consumer, group } = handler;
  quarantine.deadLetter({ consumer, group, envelope, origin: origin(), failure, attempts, rows });
};

/** Dead-letters a record that is not an event of this store in its place; no stream is quarantined. */
export const deadLetterRecord = (
  { handler, quarantine }: IntakeContext,
  { counts }: Attempt,
  { origin, failure, position }: Extract<BatchItem, { readonly _tag: 'NotAnEvent' }>,
): void => {
  counts[countedAs[failure.class]] += 1;
  const { consumer, group } = handler;
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
