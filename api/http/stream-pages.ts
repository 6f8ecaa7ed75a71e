/** One stream's events: a page of them, or the state that they fold to as of some moment. */
import * as E from 'fp-ts/Either';
import type { Aggregate, Catalog } from '../../domain/kernel/aggregate';
import { decodeEvent } from '../../domain/kernel/decode-event';
import type { EventStore } from '../../domain/kernel/event-store';
import type { StoredEvent } from '../../domain/kernel/recorded-event';
import type { Moment } from '../../domain/kernel/time-text';
import type { Clock } from '../../infra/clock';
import { storeUnavailable } from './command-problems';
import { failWith, ProblemError } from './problem';

/** A stream folded up to a moment. */
export interface StreamState {
  readonly version: number;
  readonly position: number;
  readonly state: unknown;
}

/** Small enough that other requests get their turn between two pages. */
const FOLD_PAGE_SIZE = 500;

/** Reads a page; ends the request with 503 where the store can't be read. */
export const readPage = async (
  store: EventStore,
  stream: string,
  page: { readonly afterVersion: number; readonly limit: number },
): Promise<ReadonlyArray<StoredEvent>> => {
  const read = await store.readStream(stream, page)();
  if (E.isLeft(read)) throw new ProblemError(storeUnavailable());
  return read.right;
};

/** Folds every event up to the moment; undefined for a stream without events. */
export const stateAsOf = async (
  { store, catalog, clock }: { readonly store: EventStore; readonly catalog: Catalog; readonly clock: Clock },
  aggregate: Aggregate,
  stream: string,
  moment: Moment,
): Promise<StreamState | undefined> => {
  const decode = decodeEvent(catalog);
  let fold = aggregate.emptyFold;
  let version = 0;
  let position = 0;
  for (;;) {
    const page = await readPage(store, stream, { afterVersion: version, limit: FOLD_PAGE_SIZE });
    if (page.length === 0 && version === 0) return undefined;
    for (const event of page) {
      if (isAfter(event, moment)) return { version, position, state: fold.state };
      const decoded = decode(event, JSON.parse(event.payload) as unknown);
      if (E.isLeft(decoded)) return unreadable(event, decoded.left.reason);
      fold = fold.apply(decoded.right);
      ({ version, position } = event);
    }
    if (page.length < FOLD_PAGE_SIZE) return { version, position, state: fold.state };
    await clock.sleep(0);
  }
};

const isAfter = (event: StoredEvent, moment: Moment): boolean =>
  'position' in moment ? event.position > moment.position : Date.parse(event.recordedAt) > moment.timeMs;

const unreadable = ({ id, stream }: StoredEvent, reason: string): never =>
  failWith('unreadable-stream', `${id} can not be read: ${reason}`, { extensions: { stream, eventId: id } });
