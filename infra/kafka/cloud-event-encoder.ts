/** Encodes stored events as CloudEvents. */
import type { Catalog } from '../../domain/kernel/aggregate';
import { aggregateIdOf, categoryOf, type StoredEvent } from '../../domain/kernel/recorded-event';
import type { CloudEventsMode } from '../configuration';
import { destinationOf, type Destination } from './placement';
import { JSON_CONTENT_TYPE, STRUCTURED_CONTENT_TYPE, TRACEPARENT_HEADER } from './record-headers';
import { versionWriter, type WriteVersions, type WrittenEvent } from './written-version';
import type { TopicPartition } from '../topic-partition';

/** An encoded event. */
export interface EncodedEvent extends TopicPartition {
  readonly key: string;
  readonly value: string;
  readonly headers: ReadonlyArray<Readonly<Record<string, string>>>;
}

/** The origin of an event. */
export interface EventOrigin {
  /** The store that the events are recorded in. */
  readonly storeId: string;
  /** The `source`; by default `/tidemark/<store id>/<category>`. */
  readonly eventSource?: string | undefined;
  /** Prefix of `/<type>/<version>` in `dataschema`. */
  readonly schemaBaseUrl: string;
}

export interface EncodingOptions extends EventOrigin {
  readonly catalog: Catalog;
  readonly mode: CloudEventsMode;
  /** Events to be published in an older version; by their present names. */
  readonly writeVersions?: WriteVersions;
  /** Why the event at a position is published as a placeholder; undefined if it is published unchanged. */
  readonly withheldReason?: (position: number) => string | undefined;
}

/** Returns the function that encodes stored events, for where they go; callers that know it already pass it. */
export const cloudEventEncoder = (options: EncodingOptions) => {
  const { catalog, mode, writeVersions = new Map(), withheldReason = () => undefined } = options;
  const destination = destinationOf(catalog);
  const toWritten = versionWriter(catalog, writeVersions);
  const structuredHeaders = [{ 'content-type': STRUCTURED_CONTENT_TYPE }];
  return (stored: StoredEvent, to: Destination = destination(stored.stream)): EncodedEvent => {
    const withheld = withheldReason(stored.position);
    const { event, headers } = withheld === undefined ? toWritten(stored) : placeholderOf(stored);
    const { traceparent } = event;
    const extra = traceparent === undefined ? headers : [...headers, { [TRACEPARENT_HEADER]: traceparent }];
    const attributes = attributesOf(event, to.key, options, withheld);
    if (mode === 'binary') {
      return { ...to, value: event.payload, headers: [...binaryHeaders(attributes), ...extra] };
    }
    const value = structuredText(attributes, event.payload);
    return { ...to, value, headers: extra.length === 0 ? structuredHeaders : [...structuredHeaders, ...extra] };
  };
};

/** A placeholder keeps the event's place in the order of its key, without its payload. */
const placeholderOf = (stored: StoredEvent): WrittenEvent => ({ event: { ...stored, payload: 'null' }, headers: [] });

type Attributes = Readonly<Record<string, string | number>>;

/** Contains the store id, so that `source` and `id` together are globally unique. */
export const defaultSource = (storeId: string, category: string): string => `/tidemark/${storeId}/${category}`;

/**
 * Returns a stored event as the text of a CloudEvent. Its aggregate need not be known, so that stores with events of another
 * release can be exported.
 */
export const storedEventText = (event: StoredEvent, origin: EventOrigin): string =>
  structuredText(attributesOf(event, aggregateIdOf(event.stream), origin), event.payload);

const structuredText = (attributes: Attributes, payload: string): string => {
  const envelope = JSON.stringify({ ...attributes, datacontenttype: JSON_CONTENT_TYPE });
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
  { 'content-type': JSON_CONTENT_TYPE },
  ...Object.entries(attributes).map(([name, value]) => ({ [`ce_${name}`]: percentEncoded(String(value)) })),
];

/** Header values are ASCII in the CloudEvents binding; other characters and the percent sign are percent-encoded. */
const percentEncoded = (text: string): string =>
  text.replace(/[^\x21-\x24\x26-\x7e]+/gu, (part) => encodeURIComponent(part));
