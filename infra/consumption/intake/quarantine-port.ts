/** The port of an intake to the storage of dead letters. */
import type { EventEnvelope } from '../../../domain/kernel/recorded-event';
import type { RecordHeaders } from '../../kafka/event-log';
import type { Failure } from './failures';
import type { TopicPartition } from '../../topic-partition';

/** The log id of an event that was read from the store; its offset is its position. */
export const STORE_LOG_ID = 'store';

/** Where a record or event came from. */
export interface Origin extends TopicPartition {
  readonly offset: number;
  /** The log that the offset refers to; STORE_LOG_ID where it is a position in the store. */
  readonly logId: string;
  readonly timestampMs: number;
  readonly key: Buffer | null;
  readonly headers: RecordHeaders;
  /** The original bytes; only called where they are stored or copied. */
  readonly value: () => Buffer | null;
}

/** What failed, in which consumer, and why. */
export interface FailedEvent {
  readonly consumer: string;
  readonly group: string;
  /** Undefined where the record is not an event of this store. */
  readonly envelope: EventEnvelope | undefined;
  /** The position that a record without an accepted event claims. */
  readonly position?: number | null;
  readonly origin: Origin;
  readonly failure: Failure;
  /** Attempts so far, this one included. */
  readonly attempts: number;
  readonly rows: ReadonlyArray<string>;
}

/** All calls belong inside the caller's transaction. */
export interface Quarantine {
  /** The quarantined streams. */
  readonly streams: (consumer: string) => Set<string>;
  /** Whether an operator has discarded this event, so that the group skips it. */
  readonly isDiscarded: (group: string, eventId: string) => boolean;
  /** Stores a dead letter; one with an event quarantines its stream. Returns its number. */
  readonly deadLetter: (failed: FailedEvent) => number;
  /**
   * Whether there is a dead-lettered record whose position was beyond the end of the store then, is not now, and is not passed by
   * a high-water position yet.
   */
  readonly hasDeadLettersUpTo: (consumer: string, lastPosition: number) => boolean;
  /** Parks an event behind the dead letter of its stream. */
  readonly park: (consumer: string, envelope: EventEnvelope, origin: Origin, rows: ReadonlyArray<string>) => void;
}
