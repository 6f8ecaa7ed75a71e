/** The event store as a port. Its table is also the outbox: what is appended here is what the relay publishes. */
import type { TaskEither } from 'fp-ts/TaskEither';
import type { EventEnvelope, StoredEvent } from './recorded-event';

// -------------------------------------------------------------------------------------
// Writing
// -------------------------------------------------------------------------------------

/** The condition on a stream for an append to succeed: none, no event yet, at least one event, or exactly this version. */
export type ExpectedVersion = 'any' | 'noStream' | 'streamExists' | number;

/** An event that is ready to be appended; `data` is plain JSON in the given schema version. */
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

/** Why and by whom: stored with every event of one append. */
export interface AppendMetadata {
  readonly correlationId: string;
  readonly causationId: string;
  readonly actor: string;
  readonly traceparent?: string;
}

/** An idempotency key within its caller's scope: the same text in another scope is another key. */
export interface ScopedKey {
  readonly scope: string;
  readonly key: string;
}

/** The scope of the reactors' keys. Clients cannot write to it, and what is remembered in it never expires. */
export const REACTORS_SCOPE = 'reactors';

/** The remembered response to a request that carried an idempotency key. */
export interface RequestOutcome extends ScopedKey {
  /** A hash over the request; the same key with another hash is a misuse. */
  readonly requestHash: string;
  /** The response as JSON text, returned again to a repeated request. */
  readonly response: string;
}

/** Everything that one command commits, all or nothing. */
export interface Append {
  readonly streams: ReadonlyArray<StreamAppend>;
  readonly metadata: AppendMetadata;
  /** Builds the response to remember from the envelopes of the appended events; called inside the transaction. */
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
  /** Too many appends are waiting; nothing was written; try again later. */
  | { readonly _tag: 'StoreOverloaded' }
  | StoreUnavailable;

/** An event would exceed the size limit of a Kafka record and could never be published, so nothing was written. */
export interface EventTooLarge {
  readonly _tag: 'EventTooLarge';
  readonly stream: string;
  readonly type: string;
  readonly sizeBytes: number;
  readonly limitBytes: number;
}

/** The store cannot be read or written at present (disk full, I/O error, closed); nothing was written. */
export interface StoreUnavailable {
  readonly _tag: 'StoreUnavailable';
  readonly reason: string;
}

// -------------------------------------------------------------------------------------
// The port
// -------------------------------------------------------------------------------------

export interface EventStore {
  /**
   * Appends in one transaction. When the task resolves with a Right, the events are durable. Appends that are waiting at the
   * same time share one transaction and one fsync, but each succeeds or fails on its own.
   */
  readonly append: (append: Append) => TaskEither<AppendFailure, ReadonlyArray<EventEnvelope>>;
  /** A page of one stream in version order: versions above `afterVersion`, at most `limit`. Empty where the stream does not exist. */
  readonly readStream: (
    stream: string,
    page: { readonly afterVersion: number; readonly limit: number },
  ) => TaskEither<StoreUnavailable, ReadonlyArray<StoredEvent>>;
  /** A page of all events in position order: positions above `afterPosition`, at most `limit`. */
  readonly readAll: (page: {
    readonly afterPosition: number;
    readonly limit: number;
  }) => TaskEither<StoreUnavailable, ReadonlyArray<StoredEvent>>;
  /** The position of an event by its id; undefined where there is no such event (yet). */
  readonly positionOf: (eventId: string) => TaskEither<StoreUnavailable, number | undefined>;
  /** The position of the last event; 0 for an empty store. */
  readonly lastPosition: () => TaskEither<StoreUnavailable, number>;
  /** The remembered response for an idempotency key in a scope; undefined where there is none or it has expired. */
  readonly findOutcome: (key: ScopedKey) => TaskEither<StoreUnavailable, RequestOutcome | undefined>;
}
