/** The event store as a port. Its table is at the same time the outbox: what is appended here is what the relay publishes. */
import type { TaskEither } from 'fp-ts/TaskEither';
import type { EventEnvelope, StoredEvent } from './recorded-event';

// -------------------------------------------------------------------------------------
// Writing
// -------------------------------------------------------------------------------------

/** What must hold of a stream for an append to go through: nothing, no event yet, any event, or exactly this version. */
export type ExpectedVersion = 'any' | 'noStream' | 'streamExists' | number;

/** An event that is ready to be appended; `data` is plain JSON in the schema version given. */
export interface NewEvent {
  readonly type: string;
  readonly schemaVersion: number;
  readonly data: unknown;
}

/** The events for one stream. */
export interface StreamAppend {
  readonly stream: string;
  readonly expectedVersion: ExpectedVersion;
  readonly events: ReadonlyArray<NewEvent>;
}

/** Why and by whom: written beside every event of one append. */
export interface AppendMetadata {
  readonly correlationId: string;
  readonly causationId: string;
  readonly actor: string;
  readonly traceparent?: string;
}

/** An idempotency key in the space of its caller: the same text under another scope is another key. */
export interface ScopedKey {
  readonly scope: string;
  readonly key: string;
}

/** The scope of the reactors' keys; no client writes into it, and what is remembered in it never expires. */
export const REACTORS_SCOPE = 'reactors';

/** The remembered answer to a request that carried an idempotency key. */
export interface RequestOutcome extends ScopedKey {
  /** A hash over what was asked; the same key with another hash is a misuse. */
  readonly requestHash: string;
  /** The answer as JSON text, given again to a repeat. */
  readonly response: string;
}

/** Everything that one command commits, all of it or nothing. */
export interface Append {
  readonly streams: ReadonlyArray<StreamAppend>;
  readonly metadata: AppendMetadata;
  /** Makes the answer to remember, from the envelopes of what was appended; called inside the transaction. */
  readonly outcome?: (appended: ReadonlyArray<EventEnvelope>) => RequestOutcome;
}

export type AppendFailure =
  | {
      readonly _tag: 'VersionConflict';
      readonly stream: string;
      readonly expectedVersion: ExpectedVersion;
      readonly actualVersion: number;
    }
  | ({ readonly _tag: 'OutcomeAlreadyRecorded' } & ScopedKey)
  | EventTooLarge
  /** Too many appends wait; nothing was written; come again later. */
  | { readonly _tag: 'StoreOverloaded' }
  | StoreUnavailable;

/** An event would be larger than a record may be: it could never be published, so nothing was written. */
export interface EventTooLarge {
  readonly _tag: 'EventTooLarge';
  readonly stream: string;
  readonly type: string;
  readonly sizeBytes: number;
  readonly limitBytes: number;
}

/** The store can't be read or written just now (disk full, I/O error, closed); nothing was written. */
export interface StoreUnavailable {
  readonly _tag: 'StoreUnavailable';
  readonly reason: string;
}

// -------------------------------------------------------------------------------------
// The port
// -------------------------------------------------------------------------------------

export interface EventStore {
  /**
   * Appends in one transaction. When the task resolves with a Right, the events are durable. Appends that wait together
   * share one transaction and one fsync, yet each succeeds or fails alone.
   */
  readonly append: (append: Append) => TaskEither<AppendFailure, ReadonlyArray<EventEnvelope>>;
  /** A page of one stream in version order: versions above `afterVersion`, at most `limit`. Empty for no such stream. */
  readonly readStream: (
    stream: string,
    page: { readonly afterVersion: number; readonly limit: number },
  ) => TaskEither<StoreUnavailable, ReadonlyArray<StoredEvent>>;
  /** A page of all events in position order: positions above `afterPosition`, at most `limit`. */
  readonly readAll: (page: {
    readonly afterPosition: number;
    readonly limit: number;
  }) => TaskEither<StoreUnavailable, ReadonlyArray<StoredEvent>>;
  /** The position of an event by its identity; undefined where there is no such event (yet). */
  readonly positionOf: (eventId: string) => TaskEither<StoreUnavailable, number | undefined>;
  /** The position of the last event; 0 for an empty store. */
  readonly lastPosition: () => TaskEither<StoreUnavailable, number>;
  /** The remembered answer for an idempotency key of a scope; undefined where there is none, or none any longer. */
  readonly findOutcome: (key: ScopedKey) => TaskEither<StoreUnavailable, RequestOutcome | undefined>;
}
