/** Events of some streams that a group has not applied: dead letters, and the events parked behind them. */
import type { TopicPartition } from '../../topic-partition';

/** Where such an event is in the log, and why it was not applied. */
export interface ParkedRecord extends TopicPartition {
  readonly offset: number;
  readonly reason: string;
}

/** Events that a group is past in the log without having applied them: parked, or discarded by an operator. */
export interface PassedEvents {
  /** Quarantined streams with the position of their first event that is not applied. */
  readonly waiting: ReadonlyMap<string, number>;
  /** The ids of discarded events. */
  readonly discarded: ReadonlySet<string>;
}
