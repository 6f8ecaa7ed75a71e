/** The port of an intake to what applies events: the handler of a group or of a rebuild. */
import type { RecordedEvent } from '../../../domain/kernel/recorded-event';
import type { ExhaustedPolicy, HandlerResult } from './failures';
import type { ReceivedEvents } from './identity-digest';

/** The handling of some events in one transaction. */
export interface Handling {
  /**
   * Handles one event. A returned failure has written nothing; after a throw this handling is abandoned and what it has written
   * is rolled back.
   */
  readonly handle: (event: RecordedEvent) => HandlerResult;
  /** Writes whatever is still buffered. */
  readonly finish: () => void;
}

export interface EventHandler {
  /** The owner of the checkpoints and dead letters: the group, or a rebuild. */
  readonly consumer: string;
  /** The group itself, or the one that the rebuild is for. */
  readonly group: string;
  readonly topics: ReadonlySet<string>;
  /** The types of the events that it handles. */
  readonly handled: ReadonlySet<string>;
  readonly open: () => Handling;
  /**
   * The keys of the rows that an event would have changed, as far as known: they are stale while it is parked. The payload of an
   * event that violates its contract is passed as it is. Never throws.
   */
  readonly rowsOf: (event: RecordedEvent) => ReadonlyArray<string>;
  /** What happens to an event whose transient fault outlasts the bound of its retries. */
  readonly exhausted: ExhaustedPolicy;
  /** Events beyond this position are skipped and not counted; absent where there is no limit. */
  readonly untilPosition?: number;
  /** Records the identities of the received events, where they are to be compared with the store later. */
  readonly received?: ReceivedEvents;
}
