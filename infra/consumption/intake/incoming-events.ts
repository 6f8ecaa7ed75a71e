/** Records and stored events as they arrive at a consumer: read once, decoded when somebody wants them. */
import * as E from 'fp-ts/Either';
import type { Catalog } from '../../../domain/kernel/aggregate';
import { decodeEvent } from '../../../domain/kernel/decode-event';
import type { EventEnvelope, RecordedEvent, StoredEvent } from '../../../domain/kernel/recorded-event';
import type { Origin } from './quarantine-port';
import { readCloudEvent } from '../../kafka/cloud-events';
import type { LogRecord } from '../../kafka/event-log';
import type { TopicPartition } from '../../topic-partition';
import type { Failure } from './failures';
import type { PlaceCheck } from './place-check';

/** An event before anybody has read it; its payload is parsed when it is asked for. */
export interface RawEvent {
  readonly envelope: EventEnvelope;
  readonly data: () => unknown;
}

/** One of the store's. */
export const rawEvent = (event: StoredEvent): RawEvent => ({
  envelope: event,
  data: () => JSON.parse(event.payload) as unknown,
});

/** An event that came in. */
export interface IncomingEvent extends RawEvent {
  /** The event by today's contracts. */
  readonly decoded: () => ReturnType<DecodeIncoming>;
  /** Asked for only where it is kept. */
  readonly origin: () => Origin;
}

/** Reads the payload with the contract that the envelope names. */
export type DecodeIncoming = (event: RawEvent) => E.Either<Failure, RecordedEvent>;

/** How arrivals are read with today's contracts. */
export interface IncomingReader {
  readonly decode: DecodeIncoming;
  /** The event, or one with its payload as it came where it breaks its contract; undefined where that is no JSON. */
  readonly asFarAsRead: (event: RawEvent) => RecordedEvent;
  /** The present name of an event that may have been renamed since; undefined where no contract has the name. */
  readonly presentType: (type: string) => string | undefined;
}

/** A record that was read, once for all who take it. */
export interface IncomingRecord extends TopicPartition {
  readonly offset: number;
  readonly origin: () => Origin;
  /** Left where the record is not an event, or not one of this store in its place. */
  readonly event: E.Either<Failure, IncomingEvent>;
  /** The position that it claims; null where it is not an event. */
  readonly position: number | null;
}

/** Makes the reading of arrivals. */
export const readingOf = (catalog: Catalog): IncomingReader => {
  const decodeData = decodeEvent(catalog);
  const decode: DecodeIncoming = ({ envelope, data }) => {
    const event = decodeData(envelope, data());
    if (E.isRight(event)) return event;
    const { _tag, reason } = event.left;
    return E.left({ class: _tag === 'UnknownContract' ? 'unknown-contract' : 'malformed', reason });
  };
  return {
    presentType: (type) => catalog.eventDefinition(type)?.type,
    decode,
    asFarAsRead: (arrival) => {
      const { envelope, data } = arrival;
      try {
        const event = decode(arrival);
        return E.isRight(event) ? event.right : { ...envelope, data: data() };
      } catch {
        return { ...envelope, data: undefined };
      }
    },
  };
};

/** An arrival is decoded when that is first asked for, and not again for the next who asks. */
export const toIncomingEvent = (decode: DecodeIncoming, unread: RawEvent, origin: () => Origin): IncomingEvent => {
  const { envelope, data } = unread;
  let decoded: ReturnType<DecodeIncoming> | undefined;
  return { envelope, data, origin, decoded: () => (decoded ??= decode(unread)) };
};

/** Finds an event of the store by its id. */
export type FindStored = (eventId: string) => StoredEvent | undefined;

/** Makes the reading of a log's records. The payload of a placeholder is the store's. */
export const recordReader =
  ({ decode }: IncomingReader, check: PlaceCheck, findStored: FindStored) =>
  (record: LogRecord, logId: string): IncomingRecord => {
    const { topic, partition, offset } = record;
    const origin = (): Origin => originInLog(record, logId);
    const came = (event: IncomingRecord['event'], position: number | null): IncomingRecord => ({
      topic,
      partition,
      offset,
      origin,
      event,
      position,
    });
    const received = readCloudEvent(record);
    if (E.isLeft(received)) return came(E.left({ class: 'malformed', reason: received.left }), null);
    const { envelope, data, withheld } = received.right;
    const { position } = envelope;
    const refused = check(record, received.right);
    if (refused !== undefined) return came(E.left(refused), position);
    if (withheld === undefined)
      return came(E.right(toIncomingEvent(decode, { envelope, data: () => data }, origin)), position);
    const stored = findStored(envelope.id);
    if (stored !== undefined) return came(E.right(toIncomingEvent(decode, rawEvent(stored), origin)), position);
    const reason = `the payload is withheld from the log (${withheld}), and the store has no event ${envelope.id}`;
    return came(E.left({ class: 'malformed', reason }), position);
  };

const originInLog = (
  { topic, partition, offset, timestampMs, key, headers, value }: LogRecord,
  logId: string,
): Origin => ({ topic, partition, offset, logId, timestampMs, key, headers, value: () => value });
