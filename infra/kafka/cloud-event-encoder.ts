/** Stored events as CloudEvents, ready to be sent. */
import type { Catalog } from '../../domain/kernel/aggregate';
import { aggregateIdOf, categoryOf, type StoredEvent } from '../../domain/kernel/recorded-event';
import type { CloudEventsMode } from '../configuration';
import { destinationOf } from './placement';
import { JSON_CONTENT_TYPE, STRUCTURED_CONTENT_TYPE } from './record-headers';
import { versionWriter, type WriteVersions, type WrittenEvent } from './written-version';

/** An event as it is to be sent. */
export interface EncodedEvent {
  readonly topic: string;
  readonly partition: number;
  readonly key: string;
  readonly value: string;
  readonly headers: ReadonlyArray<Readonly<Record<string, string>>>;
}

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

/** Header values are ASCII in the CloudEvents binding; anything else, and the per cent sign itself, is percent-encoded. */
const percentEncoded = (text: string): string =>
  text.replace(/[^\x21-\x24\x26-\x7e]+/gu, (part) => encodeURIComponent(part));
