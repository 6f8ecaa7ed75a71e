/**
 * The port to what the relay could not publish: partitions blocked by an event that Kafka rejects, events of aggregates that the
 * program does not have, and events that an operator has decided to withhold. The cursor passes all of them, so that the other
 * partitions continue; they are stored to be published later.
 */
import type { StoredEvent } from '../../../domain/kernel/recorded-event';
import type { TopicPartition } from '../../topic-partition';
import type { BlockedPartition, UnroutableEvents } from './relay-status';

/** An operator's decision that an event is published as a placeholder. */
export interface SkipDecision {
  readonly requestId: number;
  readonly eventId: string;
  readonly reason: string;
  readonly actor: string;
}

/** Each write asserts the lease. */
export interface RelayHoles {
  readonly blocked: () => ReadonlyArray<BlockedPartition>;
  readonly block: (place: TopicPartition, event: Pick<StoredEvent, 'id' | 'position'>, reason: string) => void;
  /** Records that another attempt at the event has failed. */
  readonly noteAttempt: (place: TopicPartition, reason: string, nextAttemptAtMs: number) => void;
  /** Sets the cursor back before the event, as it is in Kafka now or can be published: the partition continues from there. */
  readonly unblock: (blocked: BlockedPartition) => void;
  /** An event of a blocked partition is passed over; it counts as held back, once. */
  readonly notePassedOver: (place: TopicPartition, position: number) => void;
  /** Keeps how many were passed over; before the cursor is kept. */
  readonly keepPassedOver: () => void;
  readonly unroutable: () => ReadonlyArray<UnroutableEvents>;
  /** Counts events without a topic; those that were counted before are not counted again. */
  readonly noteUnroutable: (events: ReadonlyArray<StoredEvent>) => void;
  /** Sets the cursor back before the events of categories that have a topic by now. Returns those categories. */
  readonly resumeRoutable: (hasTopic: (category: string) => boolean) => ReadonlyArray<string>;
  /** Why the event at a position is withheld; undefined where it is not. */
  readonly withheldReason: (position: number) => string | undefined;
  readonly lastRequestId: () => number;
  /** Carries a decision out where the event blocks its partition, and stores the result. Returns whether it did. */
  readonly skip: (decision: SkipDecision) => boolean;
  /** Ends a request that cannot be carried out as failed, with the reason. */
  readonly refuse: (requestId: number, reason: string) => void;
}
