/** The events that a test starts from, as the store would have recorded them. */
import { isLeft } from 'fp-ts/Either';
import { InvalidDeclaration } from '../../domain/kernel/declarations';
import type { AnyEventDefinition, DomainEvent } from '../../domain/kernel/event-definition';
import { validate } from '../../domain/kernel/event-versions';
import { eventId, type RecordedEvent } from '../../domain/kernel/recorded-event';
import { isoTime } from '../../infra/clock';

/** Events of one stream. */
export interface StreamEvents {
  readonly stream: string;
  readonly events: ReadonlyArray<DomainEvent>;
}

/** An event of the stream that a test is about, or events of a named one. */
export type Given = DomainEvent | StreamEvents;

/**
 * Events of a stream (`loan-l1`), in their order: for tests in which several streams take part.
 *
 * @example
 * ```ts
 * given(inStream('loan-l1', lent, returned))
 * ```
 */
export const inStream = (stream: string, ...events: ReadonlyArray<DomainEvent>): StreamEvents => ({ stream, events });

/** The stream of events for which a test names none. */
const OWN_STREAM = 'test-1';

/** What a history is made of, beside its events. */
export interface HistoryOptions {
  /** The contracts that the events have to keep. */
  readonly definitions: ReadonlyArray<AnyEventDefinition>;
  /** Whose they are, as messages say it: `the projection member-loans`. */
  readonly owner: string;
  /** When the events are recorded, in milliseconds since 1970. */
  readonly nowMs: () => number;
}

/** Records events one after another: they get the ids, versions, positions and times that a store would give them. */
export type Recorder = (given: ReadonlyArray<Given>) => ReadonlyArray<RecordedEvent>;

/** A recorder for an empty store. It throws InvalidDeclaration for an event that does not keep its contract. */
export const historyRecorder = ({ definitions, owner, nowMs }: HistoryOptions): Recorder => {
  const versions = new Map<string, number>();
  let position = 0;
  return (given) =>
    given.flatMap(streamEventsOf).map(({ stream, event }) => {
      const { schemaVersion } = assertEvent(definitions, event, owner);
      const version = (versions.get(stream) ?? 0) + 1;
      versions.set(stream, version);
      position += 1;
      return {
        id: eventId(stream, version),
        stream,
        version,
        position,
        type: event.type,
        schemaVersion,
        recordedAt: isoTime(nowMs()),
        correlationId: 'correlation-1',
        causationId: 'cause-1',
        actor: 'test',
        data: event.data,
      };
    });
};

interface StreamEvent {
  readonly stream: string;
  readonly event: DomainEvent;
}

const streamEventsOf = (given: Given): ReadonlyArray<StreamEvent> =>
  'stream' in given
    ? given.events.map((event) => ({ stream: given.stream, event }))
    : [{ stream: OWN_STREAM, event: given }];

/**
 * Checks that an event keeps one of these contracts, as the engine does before it hands it over; returns the contract. Throws
 * InvalidDeclaration, which names every failing path.
 */
export const assertEvent = (
  definitions: ReadonlyArray<AnyEventDefinition>,
  event: DomainEvent,
  owner: string,
): AnyEventDefinition => {
  const definition = definitions.find(({ type }) => type === event.type);
  if (definition === undefined) {
    const names = definitions.map(({ type }) => type).join(', ');
    throw new InvalidDeclaration(`${owner} does not know the event ${event.type}; it knows ${names}`);
  }
  const checked = validate(definition.codec, event.data);
  if (isLeft(checked)) throw new InvalidDeclaration(`${event.type} does not keep its contract: ${checked.left}`);
  return definition;
};
