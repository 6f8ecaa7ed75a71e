/**
 * What the relay could not publish: partitions that stand behind an event that Kafka refuses, events of
 * aggregates that the program does not have, and events that an operator has decided to withhold. The cursor goes past all of
 * them, so that nothing else waits; what is kept here is how each of them is taken up again.
 */
import type { StoredEvent } from '../../../domain/kernel/recorded-event';
import type { BlockedPartition, UnroutableEvents } from './relay-status';

/** A partition of a topic. */
export interface RelayPlace {
  readonly topic: string;
  readonly partition: number;
}

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
  readonly block: (place: RelayPlace, event: Pick<StoredEvent, 'id' | 'position'>, reason: string) => void;
  /** Another attempt at the event was refused. */
  readonly noteAttempt: (place: RelayPlace, reason: string, nextAttemptAtMs: number) => void;
  /** The event is in Kafka after all: the partition goes on from there. */
  readonly unblock: (blocked: BlockedPartition) => void;
  /** An event of a blocked partition is passed over; it counts as held back, once. */
  readonly notePassedOver: (place: RelayPlace, position: number) => void;
  /** Keeps how many were passed over; before the cursor is kept. */
  readonly keepPassedOver: () => void;
  readonly unroutable: () => ReadonlyArray<UnroutableEvents>;
  /** Events without a topic that a pass has met; what was counted before is not counted again. */
  readonly noteUnroutable: (events: ReadonlyArray<StoredEvent>) => void;
  /** Sets the cursor back before the events of categories that have a topic by now. Returns those categories. */
  readonly takeUpRoutable: (hasTopic: (category: string) => boolean) => ReadonlyArray<string>;
  /** Why the event at a position is withheld; undefined where it is not. */
  readonly withheldReason: (position: number) => string | undefined;
  readonly lastRequestId: () => number;
  /** Carries a decision out where the event is one that blocks its partition, and keeps the result. True where it was. */
  readonly skip: (decision: SkipDecision) => boolean;
}
