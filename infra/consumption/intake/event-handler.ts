/** Who takes events in: a group or a rebuild, with its handler. */
import type { RecordedEvent } from '../../../domain/kernel/recorded-event';
import type { ExhaustedPolicy, HandlerResult } from './failures';
import type { TakenIn } from './identity-digest';

/** A handler at work on some events of one transaction. */
export interface Handling {
  /**
   * Takes one event. A failure that is answered has left nothing behind; after a throw this handling is abandoned, and
   * what it has written is rolled back.
   */
  readonly handle: (event: RecordedEvent) => HandlerResult;
  /** Writes what is left to write. */
  readonly finish: () => void;
}

export interface EventHandler {
  /** Whose checkpoints and dead letters these are: the group, or a rebuild. */
  readonly consumer: string;
  /** The group that it is, or is to become. */
  readonly group: string;
  readonly topics: ReadonlySet<string>;
  /** The types of the events that it handles. */
  readonly handled: ReadonlySet<string>;
  readonly open: () => Handling;
  /**
   * The keys of the rows that an event would have changed, as far as that can be told: what is stale while it waits. One that
   * breaks its contract has its payload as it came, and nothing is known of that. Never throws.
   */
  readonly rowsOf: (event: RecordedEvent) => ReadonlyArray<string>;
  /** What is done with one event whose transient fault outlasts every retry. */
  readonly exhausted: ExhaustedPolicy;
  /** What lies beyond this position is passed by, and counts as not seen; absent for everything. */
  readonly untilPosition?: number;
  /** Where it is to be proven which events were taken in. */
  readonly takenIn?: TakenIn;
}
