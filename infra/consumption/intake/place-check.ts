/**
 * Whether a record is an event of this store in the place where it belongs: the one acceptance that everything which comes
 * from the log goes through, whoever reads it. What is not accepted moves no mark, is never applied, and blocks no stream.
 */
import type { Catalog } from '../../../domain/kernel/aggregate';
import { aggregateIdOf, categoryOf, eventId, type EventEnvelope } from '../../../domain/kernel/recorded-event';
import { defaultSource, type ReceivedEvent } from '../../kafka/cloud-events';
import type { LogRecord } from '../../kafka/event-log';
import { partitionFor } from '../../kafka/placement';
import type { StoredAttributes } from '../../event-store/event-feed';
import type { Failure } from './failures';
import { partitionName } from '../../topic-partition';
import type { StoreFacts } from './store-facts';

/** Undefined where the record is accepted. */
export type PlaceCheck = (
  record: Pick<LogRecord, 'topic' | 'partition' | 'key'>,
  received: Pick<ReceivedEvent, 'envelope' | 'claims'>,
) => PlaceRefusal | undefined;

/** Why a record is not accepted. */
export interface PlaceRefusal extends Failure {
  /** In its place in every respect, but the store does not have it: forged, or of a newer state of the same store. */
  readonly isUnknown?: true;
}

/** Prepares the check; the store is asked for at the first record. */
export const placeCheck = (catalog: Catalog, store: () => Omit<StoreFacts, 'settled'>): PlaceCheck => {
  const isInPlace = placesOf(catalog);
  return (record, received) => {
    const facts = store();
    const foreign = foreignBy(facts, received);
    if (foreign !== undefined) return { class: 'foreign', reason: foreign };
    const misplaced = contradictionIn(received) ?? isInPlace(record, received.envelope.stream);
    if (misplaced !== undefined) return { class: 'misplaced', reason: misplaced };
    const { envelope } = received;
    const stored = facts.eventAt(envelope.position);
    const unknown = unknownBy(facts, stored, envelope);
    if (unknown !== undefined) return { class: 'misplaced', reason: unknown, isUnknown: true };
    const differs = stored === undefined ? undefined : differenceFrom(catalog, envelope, stored);
    return differs === undefined ? undefined : { class: 'misplaced', reason: differs };
  };
};

// -------------------------------------------------------------------------------------
// Which store
// -------------------------------------------------------------------------------------

const MAX_DISPLAY_CHARACTERS = 60;

/** Reasons are stored and counted: nothing of any length gets into one. */
const shown = (value: unknown): string => {
  if (value === undefined) return 'missing';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length <= MAX_DISPLAY_CHARACTERS ? `'${text}'` : `'${text.slice(0, MAX_DISPLAY_CHARACTERS)}...'`;
};

const foreignBy = ({ identity }: StoreFacts, { envelope, claims }: Parameters<PlaceCheck>[1]): string | undefined => {
  const { storeId, source } = claims;
  if (storeId === undefined) {
    if (envelope.position <= identity.unnamedUntilPosition) return undefined;
    return `it names no store ('storeid' is missing), and this store has published none without since position ${identity.unnamedUntilPosition}`;
  }
  if (storeId !== identity.storeId) return `it is of the store ${shown(storeId)}, not of ${identity.storeId}`;
  // What EVENT_SOURCE said at some time can't be known; a source that names a store has to name this one.
  if (source === defaultSource(identity.storeId, categoryOf(envelope.stream))) return undefined;
  const [, named] = typeof source === 'string' ? (/^\/tidemark\/([^/]+)\/[^/]+$/.exec(source) ?? []) : [];
  return named === undefined || named === identity.storeId
    ? undefined
    : `its 'source' is of the store ${shown(named)}, not of ${identity.storeId}`;
};

// -------------------------------------------------------------------------------------
// Which place
// -------------------------------------------------------------------------------------

const contradictionIn = ({ envelope, claims }: Parameters<PlaceCheck>[1]): string | undefined => {
  const { id, stream, version, type, schemaVersion } = envelope;
  if (id !== eventId(stream, version))
    return `its id is ${shown(id)}, where ${shown(eventId(stream, version))} is meant`;
  if (claims.subject !== aggregateIdOf(stream)) return `its 'subject' is ${shown(claims.subject)}, its id ${shown(id)}`;
  if (claims.streamVersion !== version)
    return `its 'streamversion' is ${shown(claims.streamVersion)}, its id ${shown(id)}`;
  if (!claims.dataSchema.endsWith(`/${type}/${schemaVersion}`))
    return `its 'dataschema' is ${shown(claims.dataSchema)}, its type ${shown(type)}`;
  return typeof claims.source === 'string' && claims.source !== ''
    ? undefined
    : `its 'source' is ${shown(claims.source)}`;
};

/** Partitions by the name of a topic, for each category; of topics that the present ones took over from too. */
const placesOf = (catalog: Catalog) => {
  const topics = new Map<string, ReadonlyMap<string, number>>();
  const all = new Map<string, number>();
  for (const { category, topic } of catalog.aggregates) {
    const own = new Map([topic, ...(topic.earlier ?? [])].map(({ name, partitions }) => [name, partitions]));
    topics.set(category, own);
    for (const [name, partitions] of own) all.set(name, partitions);
  }
  return (record: Parameters<PlaceCheck>[0], stream: string): string | undefined => {
    const { topic, partition, key } = record;
    // Of a category that this program does not have: its topic can't be told, all else can.
    const partitions = (topics.get(categoryOf(stream)) ?? all).get(topic);
    if (partitions === undefined) return `events of ${shown(stream)} do not belong to the topic ${topic}`;
    const id = aggregateIdOf(stream);
    const found = key?.toString('utf8');
    if (found !== id) return `its key is ${shown(found ?? null)}, the aggregate's id ${shown(id)}`;
    const belongs = partitionFor({ partitions }, id);
    return belongs === partition
      ? undefined
      : `the key ${shown(id)} belongs to ${partitionName({ topic, partition: belongs })}, not to partition ${partition}`;
  };
};

// -------------------------------------------------------------------------------------
// What the store says
// -------------------------------------------------------------------------------------

const unknownBy = (
  facts: StoreFacts,
  stored: StoredAttributes | undefined,
  envelope: EventEnvelope,
): string | undefined => {
  const { position, id } = envelope;
  if (stored === undefined) return `its position ${position} lies beyond the store's end at ${facts.lastPosition()}`;
  const [stream, version] = stored;
  return envelope.version === version && envelope.stream === stream
    ? undefined
    : `at its position ${position} the store has ${shown(eventId(stream, version))}, not ${shown(id)}`;
};

/** What the store has under the same id in another way. */
const differenceFrom = (
  catalog: Catalog,
  envelope: EventEnvelope,
  [, , type, schemaVersion, recordedAtMs, correlationId, causationId, actor, traceparent]: StoredAttributes,
): string | undefined => {
  const name = (attribute: string): string => `at its position ${envelope.position} the store has another ${attribute}`;
  if (!isWritten(catalog, envelope, type, schemaVersion)) return name('type or schema version');
  if (!isTimeOf(envelope.recordedAt, recordedAtMs)) return name('time');
  if (envelope.correlationId !== correlationId || envelope.causationId !== causationId)
    return name('correlation or causation');
  return envelope.actor === actor && (envelope.traceparent ?? null) === traceparent
    ? undefined
    : name('actor or trace context');
};

/** As the store writes it: the same instant can be written in other ways, which are not its own. */
const isTimeOf = (text: string, timeMs: number): boolean =>
  text.length === ISO_LENGTH && text[10] === 'T' && text.endsWith('Z') && Date.parse(text) === timeMs;

const ISO_LENGTH = '2026-01-01T00:00:00.000Z'.length;

/** As it is stored, or in an older version of the same event (WRITE_VERSIONS). */
const isWritten = (
  catalog: Catalog,
  found: { readonly type: string; readonly schemaVersion: number },
  type: string,
  schemaVersion: number,
): boolean => {
  if (found.type === type && found.schemaVersion === schemaVersion) return true;
  if (found.schemaVersion >= schemaVersion) return false;
  const definition = catalog.eventDefinition(found.type);
  const recorded = catalog.eventDefinition(type);
  // A newer release has recorded it, under a name that this one does not have: what it wrote for this one can't be told.
  if (recorded === undefined) return definition !== undefined;
  return definition?.type === recorded.type;
};
