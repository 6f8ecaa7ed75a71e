/** The event store in two arrays and two maps: for tests and trials. It forgets everything when the process ends. */
import * as E from 'fp-ts/Either';
import * as TE from 'fp-ts/TaskEither';
import type { AppendFailure, EventStore, RequestOutcome, ScopedKey } from '../../domain/kernel/event-store';
import { parseEventId, type EventEnvelope, type StoredEvent } from '../../domain/kernel/recorded-event';
import { isoTime, type Clock } from '../clock';
import type { OperationRequest, OperationRequestWriter } from '../commands/operation-requests';
import {
  checkPage,
  conflictOf,
  envelopesOf,
  outcomeOf,
  oversizedEventOf,
  prepareAppend,
  type PreparedAppend,
} from '../event-store/append-rules';

/** The store with what its feed reads; see {@link inMemoryEventFeed}. */
export interface InMemoryEventStore extends EventStore, OperationRequestWriter {
  /** Every event, in position order. */
  readonly events: () => ReadonlyArray<StoredEvent>;
  /** Every request, in the order of ids. */
  readonly requests: () => ReadonlyArray<OperationRequest>;
  /** Calls back after each commit, until what it returns is called. */
  readonly onCommit: (listener: () => void) => () => void;
}

/**
 * An empty store, which remembers every answer for as long as it lives.
 *
 * @example
 * ```ts
 * const store = inMemoryEventStore({ clock: manualClock() });
 * ```
 */
export const inMemoryEventStore = ({ clock }: { readonly clock: Clock }): InMemoryEventStore => {
  const all: StoredEvent[] = [];
  const { committed, onCommit } = commitListeners();
  const streams = new Map<string, StoredEvent[]>();
  const outcomes = new Map<string, RequestOutcome>();
  const eventsOf = (stream: string): ReadonlyArray<StoredEvent> => streams.get(stream) ?? [];

  const write = (append: PreparedAppend): E.Either<AppendFailure, ReadonlyArray<EventEnvelope>> => {
    const recordedAt = isoTime(clock.nowMs());
    const envelopes: EventEnvelope[] = [];
    for (const stream of append.streams) {
      const version = eventsOf(stream.stream).length;
      const conflict = conflictOf(stream, version);
      if (conflict !== undefined) return E.left(conflict);
      const position = all.length + envelopes.length;
      envelopes.push(...envelopesOf(stream, append.metadata, { version, position, recordedAt }));
    }
    const outcome = outcomeOf(append, envelopes);
    if (outcome !== undefined) {
      const { scope, key } = outcome;
      if (outcomes.has(textOf(outcome))) return E.left({ _tag: 'OutcomeAlreadyRecorded', scope, key });
      outcomes.set(textOf(outcome), outcome);
    }
    const payloads = append.streams.flatMap(({ events }) => events.map(({ payload }) => payload));
    envelopes.forEach((envelope, index) => {
      keep({ ...envelope, payload: payloads[index] ?? '' });
    });
    if (envelopes.length > 0 || outcome !== undefined) committed();
    return E.right(envelopes);
  };

  const keep = (event: StoredEvent): void => {
    all.push(event);
    const stream = streams.get(event.stream);
    if (stream === undefined) streams.set(event.stream, [event]);
    else stream.push(event);
  };

  return {
    events: () => all,
    ...requestsInMemory(clock, committed),
    onCommit,
    append: (append) => async () => {
      const prepared = prepareAppend(append);
      // Like a real store: the caller's turn ends before the answer comes.
      await Promise.resolve();
      const oversized = oversizedEventOf(prepared);
      return oversized === undefined ? write(prepared) : E.left(oversized);
    },
    readStream: (stream, { afterVersion, limit }) => {
      checkPage(afterVersion, limit);
      return TE.fromIO(() => eventsOf(stream).slice(afterVersion, afterVersion + limit));
    },
    readAll: ({ afterPosition, limit }) => {
      checkPage(afterPosition, limit);
      return TE.fromIO(() => all.slice(afterPosition, afterPosition + limit));
    },
    positionOf: (id) =>
      TE.fromIO(() => {
        const event = parseEventId(id);
        return event === undefined ? undefined : eventsOf(event.stream)[event.version - 1]?.position;
      }),
    lastPosition: () => TE.fromIO(() => all.length),
    findOutcome: (key) => TE.fromIO(() => outcomes.get(textOf(key))),
  };
};

const commitListeners = (): Pick<InMemoryEventStore, 'onCommit'> & { readonly committed: () => void } => {
  const listeners = new Set<() => void>();
  return {
    committed: () => {
      for (const listener of listeners) listener();
    },
    onCommit: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
};

const requestsInMemory = (
  clock: Clock,
  committed: () => void,
): OperationRequestWriter & Pick<InMemoryEventStore, 'requests'> => {
  const requests: OperationRequest[] = [];
  const submitAll: OperationRequestWriter['submitAll'] = (asked) => {
    const requestedAt = isoTime(clock.nowMs());
    const added = asked.map((request, index) => ({ ...request, id: requests.length + 1 + index, requestedAt }));
    requests.push(...added);
    committed();
    return added;
  };
  return {
    requests: () => requests,
    submitAll,
    submit: (request) => {
      const [submitted] = submitAll([request]);
      if (submitted === undefined) throw new Error('a request that is submitted is answered');
      return submitted;
    },
  };
};

const textOf = ({ scope, key }: ScopedKey): string => JSON.stringify([scope, key]);
