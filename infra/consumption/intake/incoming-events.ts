/** Records and stored events as a consumer receives them: read once, decoded on demand. */
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

/** An event that is not decoded; its payload is parsed on demand. */
export interface RawEvent {
  readonly envelope: EventEnvelope;
  readonly data: () => unknown;
}

/** A raw event from one of the store. */
export const rawEvent = (event: StoredEvent): RawEvent => ({
  envelope: event,
  data: () => JSON.parse(event.payload) as unknown,
});

/** A received event. */
export interface IncomingEvent extends RawEvent {
  /** The event decoded with the current contracts. */
  readonly decoded: () => ReturnType<DecodeIncoming>;
  /** Only called where the event is dead-lettered or parked. */
  readonly origin: () => Origin;
}

/** Reads the payload with the contract that the envelope names. */
export type DecodeIncoming = (event: RawEvent) => E.Either<Failure, RecordedEvent>;

/** Reads incoming events with the current contracts. */
export interface IncomingReader {
  readonly decode: DecodeIncoming;
  /** The decoded event; with the payload as it is where it violates its contract, and `undefined` where that is not JSON. */
  readonly asFarAsRead: (event: RawEvent) => RecordedEvent;
  /** The current name of an event type, which may have been renamed; undefined where no contract has the name. */
  readonly presentType: (type: string) => string | undefined;
}

/** A record that was read once for all its consumers. */
export interface IncomingRecord extends TopicPartition {
  readonly offset: number;
  readonly origin: () => Origin;
  /** A Left where the record is not an event, or not one of this store in its place. */
  readonly event: E.Either<Failure, IncomingEvent>;
  /** The position in its envelope; null where it is not an event. */
  readonly position: number | null;
}

/** Makes the reader of incoming events. */
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
    asFarAsRead: (raw) => {
      const { envelope, data } = raw;
      try {
        const event = decode(raw);
        return E.isRight(event) ? event.right : { ...envelope, data: data() };
      } catch {
        return { ...envelope, data: undefined };
      }
    },
  };
};

/** Wraps a raw event, which is decoded at the first call only. */
export const toIncomingEvent = (decode: DecodeIncoming, unread: RawEvent, origin: () => Origin): IncomingEvent => {
  const { envelope, data } = unread;
  let decoded: ReturnType<DecodeIncoming> | undefined;
  return { envelope, data, origin, decoded: () => (decoded ??= decode(unread)) };
};

/** Finds an event of the store by its id. */
export type FindStored = (eventId: string) => StoredEvent | undefined;

/** Makes the reader of a log's records. Where a record withholds its payload, it is read from the store. */
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
