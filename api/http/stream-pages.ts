/** One stream's events: a page of them, or the state that they fold to as of some moment. */
import * as E from 'fp-ts/Either';
import type { Aggregate } from '../../domain/kernel/aggregate';
import { decodeEvent } from '../../domain/kernel/decode-event';
import type { EventStore } from '../../domain/kernel/event-store';
import type { StoredEvent } from '../../domain/kernel/recorded-event';
import type { PointInTime } from '../../domain/kernel/time-text';
import { cachedStates, type StreamState as FoldedStream } from '../../infra/commands/kept-states';
import type { SnapshotStore } from '../../infra/commands/snapshots';
import { streamChunks } from '../../infra/commands/stream-state';
import type { ApiDependencies } from './dependencies';
import { storeUnavailable } from './command-problems';
import { throwIfAbandoned } from './expensive-reads';
import { failWith, ProblemError } from './problem';

/** A stream folded up to a moment. */
export interface StreamState {
  readonly version: number;
  readonly position: number;
  readonly state: unknown;
}

/** What a page of events may hold; it ends earlier than its limit where they are large, and has one event at least. */
const PAGE_BYTES = 1_048_576;

/** Reads a page; ends the request with 503 where the store can't be read. */
export const readPage = async (
  store: EventStore,
  stream: string,
  page: { readonly afterVersion: number; readonly limit: number },
): Promise<ReadonlyArray<StoredEvent>> => {
  return right(await store.readStream(stream, page)());
};

const right = <A>(read: E.Either<unknown, A>): A => {
  if (E.isLeft(read)) throw new ProblemError(storeUnavailable());
  return read.right;
};

/** A page that is bounded by bytes too; `hasMore` where another event follows in the stream. */
export const readBoundedPage = async (
  store: EventStore,
  stream: string,
  { afterVersion, limit }: { readonly afterVersion: number; readonly limit: number },
): Promise<{ readonly events: ReadonlyArray<StoredEvent>; readonly hasMore: boolean }> => {
  const events: StoredEvent[] = [];
  let bytes = 0;
  for await (const chunk of streamChunks(store, stream, afterVersion)) {
    for (const event of right(chunk)) {
      bytes += event.payload.length;
      if (events.length === limit || (events.length > 0 && bytes > PAGE_BYTES)) return { events, hasMore: true };
      events.push(event);
    }
  }
  return { events, hasMore: false };
};

/** Folds every event up to the moment; undefined for a stream without events. Throws Abandoned when the signal aborts. */
export const stateAsOf = async (
  { store, catalog, snapshots }: Pick<ApiDependencies, 'store' | 'catalog' | 'snapshots'>,
  aggregate: Aggregate,
  stream: string,
  moment: PointInTime,
  signal?: AbortSignal,
): Promise<StreamState | undefined> => {
  const decode = decodeEvent(catalog);
  const from = await snapshotBefore(snapshots, store, aggregate, stream, moment);
  let fold = from?.fold ?? aggregate.emptyFold;
  let version = from?.version ?? 0;
  let position = from?.position ?? 0;
  let isEmpty = version === 0;
  for await (const chunk of streamChunks(store, stream, version)) {
    throwIfAbandoned(signal);
    for (const event of right(chunk)) {
      isEmpty = false;
      if (isAfter(event, moment)) return { version, position, state: fold.state };
      const decoded = decode(event, JSON.parse(event.payload) as unknown);
      if (E.isLeft(decoded)) return unreadable(event, decoded.left.reason);
      fold = fold.apply(decoded.right);
      ({ version, position } = event);
    }
  }
  return isEmpty ? undefined : { version, position, state: fold.state };
};

/** The state that is kept of a long stream, where the moment does not lie before it. */
const snapshotBefore = async (
  snapshots: SnapshotStore | undefined,
  store: EventStore,
  aggregate: Aggregate,
  stream: string,
  moment: PointInTime,
): Promise<FoldedStream | undefined> => {
  const kept = await cachedStates(snapshots).find(stream, aggregate);
  if (kept === undefined) return undefined;
  const [last] = await readPage(store, stream, { afterVersion: kept.version - 1, limit: 1 });
  return last === undefined || isAfter(last, moment) ? undefined : kept;
};

const isAfter = (event: StoredEvent, moment: PointInTime): boolean =>
  'position' in moment ? event.position > moment.position : Date.parse(event.recordedAt) > moment.timeMs;

const unreadable = ({ id, stream }: StoredEvent, reason: string): never =>
  failWith('unreadable-stream', `${id} cannot be read: ${reason}`, { extensions: { stream, eventId: id } });
