/**
 * How large an event may be: measured as the record that it becomes, where it is appended. What the store takes can be
 * published, so no event is acknowledged that the relay could never send.
 */
import type { AppendMetadata } from '../domain/kernel/event-store';

/** Upper limit on an event as a record: its payload with everything that is written around it. */
export const MAX_EVENT_RECORD_BYTES = 1_000_000;

/**
 * Upper limit on what the relay's client sends in one record, and what the topics are made for (Kafka's own default). The
 * distance to {@link MAX_EVENT_RECORD_BYTES} is for what Kafka adds, and for compression that makes a record larger.
 */
export const MAX_CLIENT_RECORD_BYTES = 1_048_576;

/** Attribute names, times, numbers, the base of the schema's address, the installation's source and store id. */
const ENVELOPE_BYTES = 4_096;
/** A character takes at most so many bytes in UTF-8, and in a header every byte may take three. */
const MAX_BYTES_PER_CHARACTER = 3;
const MAX_BYTES_PER_HEADER_BYTE = 3;

/** An event before it has a version and a position. */
export interface MeasuredEvent {
  readonly stream: string;
  readonly type: string;
  /** JSON text. */
  readonly payload: string;
}

/** The size of the record that an event becomes, in bytes: an upper limit, for whatever mode it is published in. */
export const recordBytesOf = ({ stream, type, payload }: MeasuredEvent, metadata: AppendMetadata): number =>
  Buffer.byteLength(payload) + MAX_BYTES_PER_HEADER_BYTE * attributeBytes(stream, type, metadata) + ENVELOPE_BYTES;

/** The stream stands in the id, in the subject and in the key; the type in the schema's address too. */
const attributeBytes = (stream: string, type: string, metadata: AppendMetadata): number => {
  const { correlationId, causationId, actor, traceparent = '' } = metadata;
  return Buffer.byteLength(
    JSON.stringify([stream, stream, stream, type, type, correlationId, causationId, actor, traceparent]),
  );
};

/** Whether it is certainly small enough, from its number of characters alone: nearly every event is. */
export const isSurelySmall = (
  { stream, type, payload }: MeasuredEvent,
  metadata: AppendMetadata,
  limitBytes: number,
): boolean => {
  const { correlationId, causationId, actor, traceparent = '' } = metadata;
  const attributes =
    3 * stream.length + 2 * type.length + correlationId.length + causationId.length + actor.length + traceparent.length;
  // Six characters at most stand in JSON for one that has to be escaped.
  const attributeLimit = attributes * 6 * MAX_BYTES_PER_HEADER_BYTE + ENVELOPE_BYTES;
  return payload.length * MAX_BYTES_PER_CHARACTER + attributeLimit <= limitBytes;
};
