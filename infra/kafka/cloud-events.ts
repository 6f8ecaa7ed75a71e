/**
 * Events as CloudEvents 1.0 messages. Structured mode holds everything in the value, with one header (each header costs a
 * tenth of the throughput); binary mode holds the attributes in `ce_` headers and the bare payload in the value. The
 * payload's text is spliced in as it was stored, never re-encoded.
 */
import * as E from 'fp-ts/Either';
import type { Aggregate, Catalog } from '../../domain/kernel/aggregate';
import {
  aggregateIdOf,
  categoryOf,
  parseEventId,
  type EventEnvelope,
  type StoredEvent,
} from '../../domain/kernel/recorded-event';
import { Instant } from '../../domain/kernel/values';
import { TIME_WITH_ZONE, timeMsOf } from '../../domain/kernel/time-text';
import type { CloudEventsMode } from '../configuration';
import type { LogRecord } from './event-log';
import { partitionOf } from './murmur2';
import { headerNamed, STRUCTURED_CONTENT_TYPE, STRUCTURED_HEADERS } from './record-headers';
import { versionWriter, type WriteVersions, type WrittenEvent } from './written-version';

const BINARY_CONTENT_TYPE = 'application/json';

// -------------------------------------------------------------------------------------
// Writing
// -------------------------------------------------------------------------------------

/** An event as it is to be sent. */
export interface EncodedEvent {
  readonly topic: string;
  readonly partition: number;
  readonly key: string;
  readonly value: string;
  readonly headers: ReadonlyArray<Readonly<Record<string, string>>>;
}

/** Where a stored event goes: its aggregate's topic, and the partition of its key. */
export interface Destination {
  readonly topic: string;
  readonly partition: number;
  readonly key: string;
}

/** Finds topic, key and partition of a stream. Throws where the catalog knows no such category. */
export const destinationOf =
  (catalog: Catalog) =>
  (stream: string): Destination => {
    const { topic } = aggregateOf(catalog, stream);
    const key = aggregateIdOf(stream);
    return { topic: topic.name, partition: partitionOf(key, topic.partitions), key };
  };

const aggregateOf = (catalog: Catalog, stream: string): Aggregate => {
  const aggregate = catalog.byCategory(categoryOf(stream));
  if (aggregate === undefined) throw new Error(`no aggregate has the category of the stream '${stream}'`);
  return aggregate;
};

/** What an event says of where it comes from. */
export interface EventOrigin {
  /** The store that the events are recorded in. */
  readonly storeId: string;
  /** What `source` says; left out for `/tidemark/<store id>/<category>`. */
  readonly eventSource?: string | undefined;
  /** Put before `/<type>/<version>` in `dataschema`. */
  readonly schemaBaseUrl: string;
}

export interface EncodingOptions extends EventOrigin {
  readonly catalog: Catalog;
  readonly mode: CloudEventsMode;
  /** Events to be published in an older version; the names are present ones. */
  readonly writeVersions?: WriteVersions;
  /** Why the event at a position is published as a placeholder; undefined where it is published as it is. */
  readonly withheldReason?: (position: number) => string | undefined;
}

/** Makes the function that turns stored events into records. */
export const cloudEventEncoder = (options: EncodingOptions) => {
  const { catalog, mode, writeVersions = new Map(), withheldReason = () => undefined } = options;
  const destination = destinationOf(catalog);
  const written = versionWriter(catalog, writeVersions);
  const structuredHeaders = [{ 'content-type': STRUCTURED_CONTENT_TYPE }];
  return (stored: StoredEvent): EncodedEvent => {
    const withheld = withheldReason(stored.position);
    const { event, headers: extra } = withheld === undefined ? written(stored) : placeholderOf(stored);
    const to = destination(event.stream);
    const attributes = attributesOf(event, to.key, options, withheld);
    if (mode === 'binary') {
      return { ...to, value: event.payload, headers: [...binaryHeaders(attributes), ...extra] };
    }
    const value = structuredText(attributes, event.payload);
    const headers = extra.length === 0 ? structuredHeaders : [...structuredHeaders, ...extra];
    return { ...to, value, headers };
  };
};

/** The event's place in the order of its key, without its payload. */
const placeholderOf = (stored: StoredEvent): WrittenEvent => ({ event: { ...stored, payload: 'null' }, headers: [] });

type Attributes = Readonly<Record<string, string | number>>;

/** Unique to the store, so that `source` and `id` together are unique in the world. */
export const defaultSource = (storeId: string, category: string): string => `/tidemark/${storeId}/${category}`;

/**
 * A stored event as the text of a CloudEvent, as it was stored; its aggregate need not be known, so that a store can be
 * copied whose events another release has written.
 */
export const storedEventText = (event: StoredEvent, origin: EventOrigin): string =>
  structuredText(attributesOf(event, aggregateIdOf(event.stream), origin), event.payload);

const structuredText = (attributes: Attributes, payload: string): string => {
  const envelope = JSON.stringify({ ...attributes, datacontenttype: BINARY_CONTENT_TYPE });
  return `${envelope.slice(0, -1)},"data":${payload}}`;
};

const attributesOf = (
  event: StoredEvent,
  subject: string,
  { storeId, eventSource, schemaBaseUrl }: EventOrigin,
  withheld?: string,
): Attributes => ({
  specversion: '1.0',
  id: event.id,
  source: eventSource ?? defaultSource(storeId, categoryOf(event.stream)),
  type: event.type,
  subject,
  time: event.recordedAt,
  dataschema: `${schemaBaseUrl}/${event.type}/${event.schemaVersion}`,
  correlationid: event.correlationId,
  causationid: event.causationId,
  actor: event.actor,
  ...(event.traceparent === undefined ? {} : { traceparent: event.traceparent }),
  storeid: storeId,
  streamversion: event.version,
  position: event.position,
  ...(withheld === undefined ? {} : { withheld }),
});

const binaryHeaders = (attributes: Attributes): ReadonlyArray<Readonly<Record<string, string>>> => [
  { 'content-type': BINARY_CONTENT_TYPE },
  ...Object.entries(attributes).map(([name, value]) => ({ [`ce_${name}`]: percentEncoded(String(value)) })),
];

/** Header values are ASCII in the CloudEvents binding; anything else, and the per cent sign itself, is percent-encoded. */
const percentEncoded = (text: string): string =>
  text.replace(/[^\x21-\x24\x26-\x7e]+/gu, (part) => encodeURIComponent(part));

// -------------------------------------------------------------------------------------
// Reading
// -------------------------------------------------------------------------------------

/** A record read as an event; the payload is parsed JSON that no contract has checked yet. */
export interface ReceivedEvent {
  readonly envelope: EventEnvelope;
  readonly data: unknown;
  readonly claims: RecordClaims;
  /** The record is a placeholder: an operator has decided that the payload is not published, for this reason. */
  readonly withheld?: string;
}

/** What a record says of itself beside the event: unchecked, for whoever decides where it belongs. */
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
  // Read as an envelope before: it is a text.
  dataSchema: valueOf('dataschema') as string,
});

type Reading<A> = E.Either<string, A>;

/** Reads either mode. A Left says in a sentence what is wrong with the record. */
export const readCloudEvent = ({ value, headers }: Pick<LogRecord, 'value' | 'headers'>): Reading<ReceivedEvent> => {
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

const readStructured = (value: Buffer): Reading<ReceivedEvent> => {
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
  if (contentType !== undefined && contentType !== BINARY_CONTENT_TYPE)
    return E.left(`the attribute 'datacontenttype' is ${shown(contentType)}; it takes '${BINARY_CONTENT_TYPE}'`);
  return E.right(receivedOf(envelope.right, attributes['data'], valueOf));
};

const readBinary = (value: Buffer, headers: LogRecord['headers']): Reading<ReceivedEvent> => {
  const valueOf = (name: string): unknown => {
    const header = headerNamed(headers, `ce_${name}`);
    if (header === undefined) return undefined;
    const text = percentDecoded(header.toString('utf8'));
    if (name !== 'position' && name !== 'streamversion') return text;
    // As it is written: Number() would also read '', ' 7', '07', '0x7' and '7e0'.
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

const parseJson = (value: Buffer): Reading<unknown> => {
  const text = value.toString('utf8');
  try {
    return E.right(JSON.parse(text) as unknown);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const ending = isTruncated(text, reason) ? ` (it was cut off after ${value.length} bytes)` : '';
    return E.left(`the value is not JSON: ${reason}${ending}`);
  }
};

/** The parser was content until the text ended. */
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
): Reading<EventEnvelope> => {
  const wrong = (name: string, expected: string): Reading<never> => {
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
  // The loop above has seen that it is a text; this program's own records pass the first, cheaper look.
  const time = valueOf('time') as string;
  if (!Instant.is(time) && timeMsOf(time) === undefined) return wrong('time', `a ${TIME_WITH_ZONE}`);
  const position = valueOf('position');
  if (!Number.isSafeInteger(position) || (position as number) < 1) return wrong('position', 'an integer from 1 on');
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
