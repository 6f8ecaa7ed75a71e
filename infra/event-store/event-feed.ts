/**
 * The port through which everybody but the store's writer reads the store: the relay, the groups' catch-up, reactors, explain,
 * verify, the audit of the log, redrives, and commands for operators. Whatever a store is made of, it serves this.
 */
import { EngineFault } from '../engine-fault';
import type { StoredEvent } from '../../domain/kernel/recorded-event';
import type { OperationRequestReader } from '../commands/operation-requests';

/** What the other roles need to know of the store that they work for. */
export interface StoreIdentity {
  readonly storeId: string;
  /**
   * Records that name no store count as this store's up to this position: they were published before stores had ids. 0 for
   * a store that was created with one.
   */
  readonly unnamedUntilPosition: number;
  /** Requests of operators up to this one were for an earlier history: nobody carries them out again. */
  readonly requestFloor: number;
}

/** The store is not there, or older than this program: whoever writes it has not started yet. Wait, then open it again. */
export class StoreNotReady extends EngineFault {
  override readonly name = 'StoreNotReady';
}

/** Positions above one and up to another. */
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

/** An event's attributes as an array, for a look at every record that comes in. */
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

/** Who an event is and where it stands. */
export type StoredIdentity = Pick<StoredEvent, 'id' | 'stream' | 'position' | 'recordedAt'>;

/** How the changes of a store are waited for. */
export interface ChangeQuery {
  /** Ends the iteration, without an error. */
  readonly signal: AbortSignal;
  /** A change is told at the latest so many milliseconds after its commit, as far as the process is free. */
  readonly withinMs: number;
}

/**
 * A store that is read. What it has once answered of an event stays true, for events never change and never vanish; only the
 * end of the store and the list of requests grow. Calls reject with an EngineFault where the store is not there any more, or is
 * another one than it was; and with what the store's own client says where it can't be read just now. A page with an impossible
 * bound rejects with a RangeError.
 */
export interface EventFeed {
  /** Who the store is: known since the feed was opened. */
  readonly identity: StoreIdentity;
  /**
   * Events above `afterPosition` in position order, at most `limit`; with `maxBytes` no more than their payloads allow, but
   * always one: a page that is shorter than its limit is not the end of the store then.
   */
  readonly readAll: (page: EventPageQuery) => Promise<ReadonlyArray<StoredEvent>>;
  /** Events of one stream above `afterVersion` in version order, with the same limits; empty for no such stream. */
  readonly readStream: (stream: string, page: StreamPageQuery) => Promise<ReadonlyArray<StoredEvent>>;
  /** Events of these correlations within a range, in position order: looked for event by event, so keep the range small. */
  readonly readCorrelated: (
    correlationIds: ReadonlyArray<string>,
    range: PositionRange,
  ) => Promise<ReadonlyArray<StoredEvent>>;
  /** Who the events of a range are, in position order, without what is large in them: for sums over the whole store. */
  readonly identities: (range: PositionRange) => Promise<ReadonlyArray<StoredIdentity>>;
  /** What the store holds at positions, but for the payloads; a position where it holds nothing is left out. One call a batch. */
  readonly attributesAt: (positions: ReadonlyArray<number>) => Promise<ReadonlyMap<number, StoredAttributes>>;
  /** 0 for an empty store. */
  readonly lastPosition: () => Promise<number>;
  /** Undefined where there is no such event. */
  readonly positionOf: (eventId: string) => Promise<number | undefined>;
  /** The first hundred requests of operators with ids above one, in their order; of these kinds where kinds are named. */
  readonly requestsAfter: OperationRequestReader['after'];
  /** What this installation's reactors show with their commands. */
  readonly reactorToken: () => Promise<string>;
  /** Whether what is read here is what a new opening would find: a file may have been replaced meanwhile. */
  readonly isInPlace: () => Promise<boolean>;
  /**
   * Comes once at the beginning, and again whenever something may have been committed since the last time; several commits may
   * come as one. Throws where the store was exchanged or removed, once for each iteration: begin anew then.
   */
  readonly changes: (query: ChangeQuery) => AsyncIterable<void>;
  readonly close: () => Promise<void>;
}
