/** What the tests of a store share: small appends, and reading everything back. */
import * as E from 'fp-ts/Either';
import type { Append, AppendMetadata, EventStore, ExpectedVersion, NewEvent } from '../../domain/kernel/event-store';
import type { EventEnvelope, StoredEvent } from '../../domain/kernel/recorded-event';

/** A fresh, empty store whose clock stands at {@link CONTRACT_TIME_MS}. */
export interface OpenedStore {
  readonly store: EventStore;
  readonly close: () => Promise<void>;
}

/** Turns a test's body into a test on a fresh store, closed afterwards. */
export type WithStore = (body: (store: EventStore) => Promise<void>) => () => Promise<void>;

/** The time of recording that the contract expects. */
export const CONTRACT_TIME_MS = Date.parse('2018-03-01T12:30:45.678Z');

export const metadata: AppendMetadata = { correlationId: 'correlation-1', causationId: 'cause-1', actor: 'tester' };

/** An event with a payload of one field. */
export const event = (note: unknown = 'a note', type = 'NoteTaken'): NewEvent => ({
  type,
  schemaVersion: 1,
  data: { note },
});

/** An append to one stream. */
export const appendTo = (
  stream: string,
  expectedVersion: ExpectedVersion,
  events: ReadonlyArray<NewEvent> = [event()],
): Append => ({ streams: [{ stream, expectedVersion, events }], metadata });

/** The Right, or a failed test. */
export const right = <Failure, Result>(either: E.Either<Failure, Result>): Result => {
  if (E.isLeft(either)) throw new Error(`expected a Right, got ${JSON.stringify(either.left)}`);
  return either.right;
};

/** Every event of a store, read in small pages. */
export const everything = async (store: EventStore): Promise<ReadonlyArray<StoredEvent>> => {
  const events: StoredEvent[] = [];
  for (;;) {
    const page = right(await store.readAll({ afterPosition: events.at(-1)?.position ?? 0, limit: 7 })());
    if (page.length === 0) return events;
    events.push(...page);
  }
};

/** The identities of events. */
export const ids = (events: ReadonlyArray<EventEnvelope>): ReadonlyArray<string> => events.map(({ id }) => id);
