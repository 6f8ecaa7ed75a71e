/** What an intake needs of whoever keeps dead letters, and what it tells of each. */
import type { EventEnvelope } from '../../../domain/kernel/recorded-event';
import type { RecordHeaders } from '../../kafka/event-log';
import type { Failure } from './failures';

/** The log of an event that was read from the store: its offset is its position. */
export const STORE_LOG_ID = 'store';

/** Where a record or event came from. */
export interface Origin {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** Which log the offset counts in; STORE_LOG_ID where it is a position in the store. */
  readonly logId: string;
  readonly timestampMs: number;
  readonly key: Buffer | null;
  readonly headers: RecordHeaders;
  /** The bytes as they came; asked for only where they are kept or copied. */
  readonly value: () => Buffer | null;
}

/** What failed, in whose hands, and why. */
export interface FailedEvent {
  readonly consumer: string;
  readonly group: string;
  /** Undefined where the record names no event. */
  readonly envelope: EventEnvelope | undefined;
  /** The position that a record claims which is set aside without its event. */
  readonly position?: number | null;
  readonly origin: Origin;
  readonly failure: Failure;
  /** Attempts so far, this one included. */
  readonly attempts: number;
  readonly rows: ReadonlyArray<string>;
}

/** All calls belong inside the caller's transaction. */
export interface Quarantine {
  /** The streams of which everything waits. */
  readonly streams: (consumer: string) => Set<string>;
  /** Whether somebody has decided that the group goes on without this event. */
  readonly isDiscarded: (group: string, eventId: string) => boolean;
  /** Keeps a dead letter; one that names an event closes its stream. Returns its number. */
  readonly setAside: (failed: FailedEvent) => number;
  /** Whether a record waits aside whose position the store did not hold then, and which no mark has passed since. */
  readonly hasSetAsideUpTo: (consumer: string, lastPosition: number) => boolean;
  /** Lets an event wait behind the dead letter of its stream. */
  readonly park: (consumer: string, envelope: EventEnvelope, origin: Origin, rows: ReadonlyArray<string>) => void;
}
