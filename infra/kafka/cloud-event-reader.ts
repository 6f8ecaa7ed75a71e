/** Reads Kafka records as CloudEvents; a record that is not one gets a message that explains why. */
import * as E from 'fp-ts/Either';
import { parseEventId, type EventEnvelope } from '../../domain/kernel/recorded-event';
import { Instant } from '../../domain/kernel/values';
import { TIME_WITH_ZONE, timeMsOf } from '../../domain/kernel/time-text';
import { errorTextOf } from '../error-text';
import type { LogRecord } from './event-log';
import { headerNamed, JSON_CONTENT_TYPE, STRUCTURED_CONTENT_TYPE, STRUCTURED_HEADERS } from './record-headers';

/** A record read as an event; the payload is parsed JSON that no contract has checked yet. */
export interface ReceivedEvent {
  readonly envelope: EventEnvelope;
  readonly data: unknown;
  readonly claims: RecordClaims;
  /** The record is a placeholder: an operator has withheld the payload, for this reason. */
  readonly withheld?: string;
}

/** Further attributes of a record: unchecked, for the decision where it belongs. */
export interface RecordClaims {
  readonly storeId: unknown;
  readonly source: unknown;
  readonly subject: unknown;
  readonly streamVersion: unknown;
  readonly dataSchema: string;
}

const claimsOf = (valueOf: (attribute: string) => unknown): RecordClaims => ({
  storeId: valueOf('storeid'),
  source: valueOf('source'),
  subject: valueOf('subject'),
  streamVersion: valueOf('streamversion'),
  // The envelope has been read, so it is a text.
  dataSchema: valueOf('dataschema') as string,
});

type Parsed<A> = E.Either<string, A>;

/** Reads structured or binary mode. A Left explains what is wrong with the record. */
export const readCloudEvent = ({ value, headers }: Pick<LogRecord, 'value' | 'headers'>): Parsed<ReceivedEvent> => {
  if (value === null) return E.left('the record has no value (a tombstone), where an event was expected');
  if (headers === STRUCTURED_HEADERS) return readStructured(value);
  const contentType = headerNamed(headers, 'content-type')?.toString('utf8') ?? '';
  if (contentType.startsWith(STRUCTURED_CONTENT_TYPE)) return readStructured(value);
  if (headerNamed(headers, 'ce_specversion') !== undefined) return readBinary(value, headers);
  return E.left(
    contentType === ''
      ? `the header 'content-type' is missing, and so is 'ce_specversion': this is not a CloudEvent`
      : `the header 'content-type' is ${shown(contentType)} without 'ce_' headers: this is not a CloudEvent`,
  );
};

const readStructured = (value: Buffer): Parsed<ReceivedEvent> => {
  const parsed = parseJson(value);
  if (E.isLeft(parsed)) return parsed;
  if (typeof parsed.right !== 'object' || parsed.right === null || Array.isArray(parsed.right)) {
    return E.left('the value is JSON, but not an object');
  }
  const attributes = parsed.right as Readonly<Record<string, unknown>>;
  const valueOf = (name: string): unknown => attributes[name];
  const envelope = envelopeOf(valueOf, (name) => `attribute '${name}'`);
  if (E.isLeft(envelope)) return envelope;
  if (attributes['data'] === undefined) return E.left("the attribute 'data' is missing");
  const contentType = attributes['datacontenttype'];
  if (contentType !== undefined && contentType !== JSON_CONTENT_TYPE)
    return E.left(`the attribute 'datacontenttype' is ${shown(contentType)}; it takes '${JSON_CONTENT_TYPE}'`);
  return E.right(receivedOf(envelope.right, attributes['data'], valueOf));
};

const readBinary = (value: Buffer, headers: LogRecord['headers']): Parsed<ReceivedEvent> => {
  const valueOf = (name: string): unknown => {
    const header = headerNamed(headers, `ce_${name}`);
    if (header === undefined) return undefined;
    const text = percentDecoded(header.toString('utf8'));
    if (name !== 'position' && name !== 'streamversion') return text;
    // Only plain integers: Number() would also accept '', ' 7', '07', '0x7' and '7e0'.
    return /^[1-9]\d{0,15}$/.test(text) ? Number(text) : text;
  };
  const envelope = envelopeOf(valueOf, (name) => `header 'ce_${name}'`);
  if (E.isLeft(envelope)) return envelope;
  const data = parseJson(value);
  return E.isLeft(data) ? data : E.right(receivedOf(envelope.right, data.right, valueOf));
};

const receivedOf = (envelope: EventEnvelope, data: unknown, valueOf: (attribute: string) => unknown): ReceivedEvent => {
  const withheld = valueOf('withheld');
  const claims = claimsOf(valueOf);
  return typeof withheld === 'string' ? { envelope, data, claims, withheld } : { envelope, data, claims };
};

const parseJson = (value: Buffer): Parsed<unknown> => {
  const text = value.toString('utf8');
  try {
    return E.right(JSON.parse(text) as unknown);
  } catch (error) {
    const reason = errorTextOf(error);
    const ending = isTruncated(text, reason) ? ` (it was cut off after ${value.length} bytes)` : '';
    return E.left(`the value is not JSON: ${reason}${ending}`);
  }
};

/** Whether the parser failed only at the end of the text. */
const isTruncated = (text: string, reason: string): boolean =>
  text !== '' && (/Unterminated|Unexpected end/.test(reason) || reason.endsWith(`position ${text.length}`));

const percentDecoded = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};

const envelopeOf = (
  valueOf: (attribute: string) => unknown,
  placeOf: (attribute: string) => string,
): Parsed<EventEnvelope> => {
  const wrong = (name: string, expected: string): Parsed<never> => {
    const value = valueOf(name);
    const found = value === undefined ? 'is missing' : `is ${shown(value)}`;
    return E.left(`the ${placeOf(name)} ${found}; it takes ${expected}`);
  };
  const specVersion = valueOf('specversion');
  if (specVersion !== '1.0') return wrong('specversion', "'1.0'");
  const id = valueOf('id');
  const identity = typeof id === 'string' ? parseEventId(id) : undefined;
  if (typeof id !== 'string' || identity === undefined) return wrong('id', '<stream>@<version>');
  for (const name of TEXT_ATTRIBUTES) if (typeof valueOf(name) !== 'string') return wrong(name, 'a text');
  // The loop above has checked that it is a text; this program's own records pass the first, cheaper check.
  const time = valueOf('time') as string;
  if (!Instant.is(time) && timeMsOf(time) === undefined) return wrong('time', `a ${TIME_WITH_ZONE}`);
  const position = valueOf('position');
  if (!Number.isSafeInteger(position) || (position as number) < 1) return wrong('position', 'an integer from 1');
  const schemaVersion = schemaVersionOf(valueOf('dataschema') as string);
  if (schemaVersion === undefined) return wrong('dataschema', 'a URL that ends in /<type>/<schema version>');
  const traceparent = valueOf('traceparent');
  if (traceparent !== undefined && typeof traceparent !== 'string') return wrong('traceparent', 'a text, or nothing');
  return E.right({
    id,
    stream: identity.stream,
    version: identity.version,
    position: position as number,
    // The loop above has seen that these are texts.
    type: valueOf('type') as string,
    schemaVersion,
    recordedAt: time,
    correlationId: valueOf('correlationid') as string,
    causationId: valueOf('causationid') as string,
    actor: valueOf('actor') as string,
    ...(traceparent === undefined ? {} : { traceparent }),
  });
};

const MAX_DISPLAY_CHARACTERS = 100;

/** A value as an error shows it: reasons are stored and counted, so a megabyte of nonsense must not be part of one. */
const shown = (value: unknown): string => {
  const text = JSON.stringify(value);
  return text.length <= MAX_DISPLAY_CHARACTERS
    ? text
    : `${text.slice(0, MAX_DISPLAY_CHARACTERS)}... (${text.length} characters)`;
};

const TEXT_ATTRIBUTES = ['type', 'time', 'dataschema', 'correlationid', 'causationid', 'actor'] as const;

const schemaVersionOf = (dataSchema: string): number | undefined => {
  const version = Number(dataSchema.slice(dataSchema.lastIndexOf('/') + 1));
  return Number.isSafeInteger(version) && version >= 1 ? version : undefined;
};
