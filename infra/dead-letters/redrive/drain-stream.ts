/**
 * Redrives one stream: its dead letter and the events parked behind it are applied by the group's own handler again, in order,
 * read from the store and decoded with the current contracts. The step that applies the last of them also ends the quarantine, in
 * the same transaction: events that arrive before it are parked at the end of the queue, later ones are applied directly.
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

/** The result of one step. */
export type DrainResult =
  /** No event is parked any longer: the quarantine has ended. */
  | { readonly _tag: 'Live'; readonly events: number }
  | { readonly _tag: 'More'; readonly events: number }
  /** An event failed for good; the stream is quarantined behind it. */
  | { readonly _tag: 'Failed'; readonly events: number; readonly failure: Failure; readonly fingerprint: string }
  | { readonly _tag: 'NotQuarantined'; readonly events: 0 };

export interface DrainOptions {
  readonly parked: ParkedEvents;
  readonly catalog: Catalog;
  readonly quarantine: Quarantine;
  readonly rows: DeadLetterRows;
  readonly store: () => Pick<StoreFactsWithStreams, 'readStream' | 'identity'>;
  readonly savepoint: <Result>(work: () => Result) => Result;
}

/** Applies at most `maxEvents` events of a stream; belongs inside the caller's transaction. */
export type DrainStream = (
  handler: EventHandler,
  stream: string,
  maxEvents: number,
  context: AuditContext,
) => DrainResult;

/** Makes the function that redrives streams of a file. */
export const streamDrain = (options: DrainOptions): DrainStream => {
  const { parked, rows } = options;
  const events = storedEventHandling(options);

  const failWith = (handler: EventHandler, eventId: string, count: number, failure: Failure): DrainResult => {
    events.deadLetter(handler, eventId, failure);
    return { _tag: 'Failed', events: count, failure, fingerprint: fingerprintOf(handler.group, failure) };
  };

  return (handler, stream, maxEvents, context) => {
    const { consumer } = handler;
    const first = rows.firstOf(consumer, stream);
    if (first === undefined) return { _tag: 'NotQuarantined', events: 0 };
    let count = 0;
    if (isUnresolved(first)) {
      count = 1;
      const failure = failureIn(events.apply(handler, first.eventId ?? ''));
      if (failure !== undefined) {
        rows.noteFailedAgain(first.id, failure.reason, context);
        return failWith(handler, first.eventId ?? '', count, failure);
      }
      rows.markRedriven(first.id, 'applied by the group', context);
    }
    for (const { position, eventId } of parked.next(consumer, stream, Math.max(0, maxEvents - count))) {
      count += 1;
      const failure = failureIn(events.apply(handler, eventId));
      parked.remove(consumer, stream, position);
      if (failure !== undefined) return failWith(handler, eventId, count, failure);
    }
    if (parked.next(consumer, stream, 1).length > 0) return { _tag: 'More', events: count };
    parked.endQuarantine(consumer, stream);
    return { _tag: 'Live', events: count };
  };
};

/** Whether a dead letter still needs an operator or a redrive. */
export const isUnresolved = ({ status }: FirstDeadLetter): boolean => status === 'open' || status === 'assigned';

const failureIn = (result: HandlerResult): Failure | undefined => (typeof result === 'string' ? undefined : result);

/** Applies or dead-letters single events that are read from the store. */
const storedEventHandling = ({ catalog, quarantine, store, savepoint }: DrainOptions) => {
  const { decode, presentType, asFarAsRead } = readingOf(catalog);
  const originOf = originInStore(catalog, () => store().identity.storeId);

  const find = (eventId: string): StoredEvent | undefined => {
    const identity = parseEventId(eventId);
    if (identity === undefined) return undefined;
    const [event] = store().readStream(identity.stream, { afterVersion: identity.version - 1, limit: 1 });
    return event?.id === eventId ? event : undefined;
  };

  const apply = (handler: EventHandler, eventId: string): HandlerResult => {
    const event = find(eventId);
    if (event === undefined) return { class: 'malformed', reason: `the store has no event ${eventId}` };
    const present = presentType(event.type);
    if (present !== undefined && !handler.handled.has(present)) return 'not-applicable';
    const decoded = decode(rawEvent(event));
    if (E.isLeft(decoded)) return decoded.left;
    try {
      return savepoint(() => {
        const handling = handler.open();
        const result = handling.handle(decoded.right);
        if (typeof result !== 'string' && result.class === 'transient') throw new TransientEventError(result.reason);
        handling.finish();
        return result;
      });
    } catch (error) {
      if (!isAttributable(error)) throw error;
      return failureOf(error);
    }
  };

  const deadLetter = (handler: EventHandler, eventId: string, failure: Failure): void => {
    const event = find(eventId);
    // The dead letter of an event that the store does not have stays unchanged.
    if (event === undefined) return;
    const { consumer, group } = handler;
    const rows = handler.rowsOf(asFarAsRead(rawEvent(event)));
    quarantine.deadLetter({ consumer, group, envelope: event, origin: originOf(event), failure, attempts: 1, rows });
  };

  return { apply, deadLetter };
};
