/**
 * The port through which all readers (everything but the writer) read the store: the relay, the groups' catch-up, reactors,
 * explain, verify, the audit of the log, redrives, and operators' commands. Every kind of store implements it.
 */
import { EngineFault } from '../engine-fault';
import type { StoredEvent } from '../../domain/kernel/recorded-event';
import type { OperationRequest, OperationRequestReader } from '../commands/operation-requests';

/** What the other roles need to know about the store. */
export interface StoreIdentity {
  readonly storeId: string;
  /**
   * Records without a store id count as this store's up to this position: they were published before stores had ids. 0 for a
   * store that was created with an id.
   */
  readonly unnamedUntilPosition: number;
  /** Requests of operators up to this one belong to an earlier history and are not carried out again. */
  readonly requestFloor: number;
}

/** The store does not exist, or has an older schema: its writer has not started yet. Wait, then open it again. */
export class StoreNotReady extends EngineFault {
  override readonly name = 'StoreNotReady';
}

/** Positions after one, up to and including another. */
export interface PositionRange {
  readonly afterPosition: number;
  readonly untilPosition: number;
}

/** Which page of the store to read. */
export interface EventPageQuery {
  readonly afterPosition: number;
  readonly limit: number;
  /** Upper limit on the payloads of a page, in bytes. */
  readonly maxBytes?: number;
}

/** Which page of one stream to read. */
export interface StreamPageQuery {
  readonly afterVersion: number;
  readonly limit: number;
  /** Upper limit on the payloads of a page, in bytes. */
  readonly maxBytes?: number;
}

/** Upper limit on the payloads that one reader holds at a time. */
export const MAX_PAGE_BYTES = 8_388_608;

/** An event's attributes as an array, for a fast check of every incoming record. */
export type StoredAttributes = readonly [
  stream: string,
  version: number,
  type: string,
  schemaVersion: number,
  recordedAtMs: number,
  correlationId: string,
  causationId: string,
  actor: string,
  traceparent: string | null,
];

/** The attributes of an event that is at hand as a whole. */
export const storedAttributesOf = (event: StoredEvent): StoredAttributes => [
  event.stream,
  event.version,
  event.type,
  event.schemaVersion,
  Date.parse(event.recordedAt),
  event.correlationId,
  event.causationId,
  event.actor,
  event.traceparent ?? null,
];

/** An event's identity and position. */
export type StoredIdentity = Pick<StoredEvent, 'id' | 'stream' | 'position' | 'recordedAt'>;

/** Options for waiting for changes of a store. */
export interface ChangeQuery {
  /** Ends the iteration, without an error. */
  readonly signal: AbortSignal;
  /** Upper limit on the delay between a commit and its notification, if the process is not busy. */
  readonly withinMs: number;
}

/**
 * A store for reading. What it returns about an event stays true, because events never change and are never deleted; only the end
 * of the store and the list of requests grow. Calls reject with an EngineFault if the store was removed or replaced, and with the
 * error of the store's client if it can't be read at present. A page with an invalid bound rejects with a RangeError.
 */
export interface EventFeed {
  /** The identity of the store, read when the feed was opened. */
  readonly identity: StoreIdentity;
  /**
   * Events above `afterPosition` in position order, at most `limit`. With `maxBytes` also limited by their payloads, but at least
   * one; a page shorter than `limit` is then not necessarily the last.
   */
  readonly readAll: (page: EventPageQuery) => Promise<ReadonlyArray<StoredEvent>>;
  /** Events of one stream above `afterVersion` in version order, with the same limits; empty for no such stream. */
  readonly readStream: (stream: string, page: StreamPageQuery) => Promise<ReadonlyArray<StoredEvent>>;
  /** Events of these correlations within a range, in position order: scans every event of the range, so keep it small. */
  readonly readCorrelated: (
    correlationIds: ReadonlyArray<string>,
    range: PositionRange,
  ) => Promise<ReadonlyArray<StoredEvent>>;
  /** Identities of the events of a range, in position order, without their payloads: for sums over the whole store. */
  readonly identities: (range: PositionRange) => Promise<ReadonlyArray<StoredIdentity>>;
  /** Attributes of the events at these positions, without payloads; positions without an event are omitted. One call per batch. */
  readonly attributesAt: (positions: ReadonlyArray<number>) => Promise<ReadonlyMap<number, StoredAttributes>>;
  /** 0 for an empty store. */
  readonly lastPosition: () => Promise<number>;
  /** Undefined if there is no such event. */
  readonly positionOf: (eventId: string) => Promise<number | undefined>;
  /** The first hundred operator requests with ids above the given one, in order; only of the given kinds if any. */
  readonly requestsAfter: OperationRequestReader['after'];
  /** The last hundred operator requests with ids below the given one, the newest first. */
  readonly requestsBefore: (id: number) => Promise<ReadonlyArray<OperationRequest>>;
  /** The token that this installation's reactors send with their commands. */
  readonly reactorToken: () => Promise<string>;
  /** Whether the store is still the one that was opened: its file may have been replaced meanwhile. */
  readonly isInPlace: () => Promise<boolean>;
  /**
   * Yields once at the beginning, and again whenever something may have been committed since; several commits may be reported as
   * one. Throws once per iteration if the store was replaced or removed: iterate again then.
   */
  readonly changes: (query: ChangeQuery) => AsyncIterable<void>;
  readonly close: () => Promise<void>;
}
