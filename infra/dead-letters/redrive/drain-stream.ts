/**
 * The way back of one stream: its dead letter and what waits behind it go through the group's own handler again, in order,
 * from the store's events with today's contracts. The step that takes the last of them also opens the stream, in the same
 * transaction: what comes in before it waits at the end of the line, what comes after goes straight through.
 */
import * as E from 'fp-ts/Either';
import { parseEventId, type StoredEvent } from '../../../domain/kernel/recorded-event';
import {
  type EventHandler,
  readingOf,
  rawEvent,
  TransientEventError,
  failureOf,
  fingerprintOf,
  isAttributable,
  type Failure,
  type HandlerResult,
  originInStore,
  type Quarantine,
  type StoreFactsWithStreams,
} from '../../consumption/intake/intake';
import type { Catalog } from '../../../domain/kernel/aggregate';
import type { AuditContext, DeadLetterRows, FirstDeadLetter, ParkedEvents } from '../store/store';

/** How far one step has brought a stream. */
export type Drained =
  /** Nothing waits any longer: the stream is live. */
  | { readonly _tag: 'Live'; readonly events: number }
  | { readonly _tag: 'More'; readonly events: number }
  /** An event failed for good; the stream waits behind it. */
  | { readonly _tag: 'Failed'; readonly events: number; readonly failure: Failure; readonly fingerprint: string }
  /** The stream does not wait. */
  | { readonly _tag: 'NotWaiting'; readonly events: 0 };

export interface DrainOptions {
  readonly parked: ParkedEvents;
  readonly catalog: Catalog;
  readonly quarantine: Quarantine;
  readonly rows: DeadLetterRows;
  readonly store: () => Pick<StoreFactsWithStreams, 'readStream' | 'identity'>;
  readonly savepoint: <Result>(work: () => Result) => Result;
}

/** Takes at most so many events of a stream; belongs inside the caller's transaction. */
export type Drain = (to: EventHandler, stream: string, mostEvents: number, context: AuditContext) => Drained;

/** The drain of a file's streams. */
export const drainOf = (options: DrainOptions): Drain => {
  const { parked, rows } = options;
  const retake = retaking(options);

  const failed = (to: EventHandler, eventId: string, events: number, failure: Failure): Drained => {
    retake.setAside(to, eventId, failure);
    return { _tag: 'Failed', events, failure, fingerprint: fingerprintOf(to.group, failure) };
  };

  return (to, stream, mostEvents, context) => {
    const head = rows.headOf(to.consumer, stream);
    if (head === undefined) return { _tag: 'NotWaiting', events: 0 };
    let events = 0;
    if (isUndone(head)) {
      events = 1;
      const failure = failureIn(retake.take(to, head.eventId ?? ''));
      if (failure !== undefined) {
        rows.failedAgain(head.id, failure.reason, context);
        return failed(to, head.eventId ?? '', events, failure);
      }
      rows.redriven(head.id, 'applied by the group', context);
    }
    for (const { position, eventId } of parked.next(to.consumer, stream, Math.max(0, mostEvents - events))) {
      events += 1;
      const failure = failureIn(retake.take(to, eventId));
      parked.remove(to.consumer, stream, position);
      if (failure !== undefined) return failed(to, eventId, events, failure);
    }
    if (parked.next(to.consumer, stream, 1).length > 0) return { _tag: 'More', events };
    parked.open(to.consumer, stream);
    return { _tag: 'Live', events };
  };
};

const isUndone = ({ status }: FirstDeadLetter): boolean => status === 'open' || status === 'assigned';

const failureIn = (outcome: HandlerResult): Failure | undefined => (typeof outcome === 'string' ? undefined : outcome);

/** Takes single events of the store through a handler. */
const retaking = ({ catalog, quarantine, store, savepoint }: DrainOptions) => {
  const { decode, presentType, asFarAsRead } = readingOf(catalog);
  const originOf = originInStore(catalog, () => store().identity.storeId);

  const find = (eventId: string): StoredEvent | undefined => {
    const identity = parseEventId(eventId);
    if (identity === undefined) return undefined;
    const [event] = store().readStream(identity.stream, { afterVersion: identity.version - 1, limit: 1 });
    return event?.id === eventId ? event : undefined;
  };

  const take = (to: EventHandler, eventId: string): HandlerResult => {
    const event = find(eventId);
    if (event === undefined) return { class: 'malformed', reason: `the store has no event ${eventId}` };
    const present = presentType(event.type);
    if (present !== undefined && !to.handled.has(present)) return 'not-applicable';
    const decoded = decode(rawEvent(event));
    if (E.isLeft(decoded)) return decoded.left;
    try {
      return savepoint(() => {
        const handling = to.open();
        const outcome = handling.handle(decoded.right);
        if (typeof outcome !== 'string' && outcome.class === 'transient') throw new TransientEventError(outcome.reason);
        handling.finish();
        return outcome;
      });
    } catch (error) {
      if (!isAttributable(error)) throw error;
      return failureOf(error);
    }
  };

  const setAside = (to: EventHandler, eventId: string, failure: Failure): void => {
    const event = find(eventId);
    // What the store does not have stays as it is.
    if (event === undefined) return;
    const { consumer, group } = to;
    const rows = to.rowsOf(asFarAsRead(rawEvent(event)));
    quarantine.setAside({ consumer, group, envelope: event, origin: originOf(event), failure, attempts: 1, rows });
  };

  return { take, setAside };
};
