/** The reading statements of the store's file: the same for the process that writes it and for those that only read. */
import { eventId, parseEventId, type StoredEvent } from '../../domain/kernel/recorded-event';
import { isoTime } from '../clock';
import { checkPage } from '../event-store/append-rules';
import { withinBytes } from '../event-store/page-bytes';
import type {
  EventPageQuery,
  PositionRange,
  StoredAttributes,
  StoredIdentity,
  StreamPageQuery,
} from '../event-store/event-feed';
import type { Database } from './database';

export interface EventQueries {
  /**
   * Calls back with who each event is, of those above one position and up to another, in position order: the rows without
   * what is large in them, for sums over the whole store.
   */
  readonly eachIdentity: (range: PositionRange, visit: (event: StoredIdentity) => void) => void;
  /**
   * Events above `afterPosition` in position order, at most `limit`; with `maxBytes` no more than their payloads allow, but
   * always one: a page that is shorter than its limit is not the end of the store then.
   */
  readonly readAll: (page: EventPageQuery) => ReadonlyArray<StoredEvent>;
  /** Events of one stream above `afterVersion` in version order, with the same limits; empty for no such stream. */
  readonly readStream: (stream: string, page: StreamPageQuery) => ReadonlyArray<StoredEvent>;
  /** Events of these correlations with positions above one and up to another, in order: looked for row by row. */
  readonly readCorrelated: (correlationIds: ReadonlyArray<string>, range: PositionRange) => ReadonlyArray<StoredEvent>;
  /** 0 for an empty store. */
  readonly lastPosition: () => number;
  /** Undefined where there is no such event. */
  readonly positionOf: (eventId: string) => number | undefined;
  /** What the store holds at a position, but for the payload; undefined where it holds nothing there. */
  readonly eventAt: (position: number) => StoredAttributes | undefined;
}

/** A row as an array, which costs half of what an object with eleven names costs. */
type EventRow = readonly [position: number, ...attributes: StoredAttributes, payload: string];

const payloadOf = (row: EventRow): string => row[10];

const EVENT_COLUMNS = `e.position, s.name, e.version, e.type, e.schema_version, e.recorded_at_ms,
  e.correlation_id, e.causation_id, e.actor, e.traceparent, e.payload`;

/** Prepares the statements. Every page is read to its end at once: an open cursor would keep the WAL from shrinking. */
export const eventQueries = (database: Database): EventQueries => {
  const all = database
    .prepare<[number, number], EventRow>(
      `SELECT ${EVENT_COLUMNS} FROM events e CROSS JOIN streams s ON s.id = e.stream_id
        WHERE e.position > ? ORDER BY e.position LIMIT ?`,
    )
    .raw();
  const identities = database
    .prepare<[number, number], readonly [position: number, stream: string, version: number, recordedAtMs: number]>(
      `SELECT e.position, s.name, e.version, e.recorded_at_ms FROM events e CROSS JOIN streams s ON s.id = e.stream_id
        WHERE e.position > ? AND e.position <= ? ORDER BY e.position`,
    )
    .raw();
  const ofStream = database
    .prepare<[string, number, number], EventRow>(
      `SELECT ${EVENT_COLUMNS} FROM streams s CROSS JOIN events e ON e.stream_id = s.id
        WHERE s.name = ? AND e.version > ? ORDER BY e.version LIMIT ?`,
    )
    .raw();
  const correlated = database
    .prepare<[number, number, string], EventRow>(
      `SELECT ${EVENT_COLUMNS} FROM events e CROSS JOIN streams s ON s.id = e.stream_id
        WHERE e.position > ? AND e.position <= ? AND e.correlation_id IN (SELECT value FROM json_each(?))
        ORDER BY e.position`,
    )
    .raw();
  const last = database.prepare<[], number | null>('SELECT max(position) FROM events').pluck();
  const position = database
    .prepare<[string, number], number>(
      'SELECT e.position FROM streams s JOIN events e ON e.stream_id = s.id WHERE s.name = ? AND e.version = ?',
    )
    .pluck();
  return {
    eventAt: attributesReader(database),
    readAll: ({ afterPosition, limit, maxBytes }) => {
      checkPage(afterPosition, limit);
      if (maxBytes === undefined) return storedEvents(all.all(afterPosition, limit));
      return storedEvents(withinBytes(all.iterate(afterPosition, limit), maxBytes, payloadOf));
    },
    eachIdentity: ({ afterPosition, untilPosition }, visit) => {
      let formattedMs = Number.NaN;
      let recordedAt = '';
      for (const [position, stream, version, recordedAtMs] of identities.all(afterPosition, untilPosition)) {
        if (recordedAtMs !== formattedMs) recordedAt = isoTime(recordedAtMs);
        formattedMs = recordedAtMs;
        visit({ id: eventId(stream, version), stream, position, recordedAt });
      }
    },
    readStream: (stream, { afterVersion, limit, maxBytes }) => {
      checkPage(afterVersion, limit);
      if (maxBytes === undefined) return storedEvents(ofStream.all(stream, afterVersion, limit));
      return storedEvents(withinBytes(ofStream.iterate(stream, afterVersion, limit), maxBytes, payloadOf));
    },
    readCorrelated: (correlationIds, { afterPosition, untilPosition }) =>
      storedEvents(correlated.all(afterPosition, untilPosition, JSON.stringify(correlationIds))),
    lastPosition: () => last.get() ?? 0,
    positionOf: (id) => {
      const event = parseEventId(id);
      return event === undefined ? undefined : position.get(event.stream, event.version);
    },
  };
};

/** Names of streams that were looked at lately: without the join a look costs half. */
const MAX_CACHED_NAMES = 20_000;

const attributesReader = (database: Database): EventQueries['eventAt'] => {
  type Row = [streamId: number, ...rest: RestOf<StoredAttributes>];
  const find = database
    .prepare<[number], Row>(
      `SELECT stream_id, version, type, schema_version, recorded_at_ms, correlation_id, causation_id, actor, traceparent
         FROM events WHERE position = ?`,
    )
    .raw();
  const nameOf = database.prepare<[number], string>('SELECT name FROM streams WHERE id = ?').pluck();
  const names = new Map<number, string>();
  return (position) => {
    const row = find.get(position);
    if (row === undefined) return undefined;
    const [streamId] = row;
    let name = names.get(streamId);
    if (name === undefined) {
      name = nameOf.get(streamId) ?? '';
      if (names.size >= MAX_CACHED_NAMES) names.clear();
      names.set(streamId, name);
    }
    // In place: the row is this call's own.
    const attributes = row as unknown as [string, ...RestOf<StoredAttributes>];
    attributes[0] = name;
    return attributes;
  };
};

type RestOf<Tuple extends ReadonlyArray<unknown>> = Tuple extends readonly [unknown, ...infer Rest] ? Rest : never;

const storedEvents = (rows: ReadonlyArray<EventRow>): ReadonlyArray<StoredEvent> => {
  // Events of one transaction have one time: format it once.
  let recordedAtMs = Number.NaN;
  let recordedAt = '';
  return rows.map((row) => {
    const [position, stream, version, type, schemaVersion, timeMs, correlationId, causationId, actor, trace, payload] =
      row;
    if (timeMs !== recordedAtMs) {
      recordedAtMs = timeMs;
      recordedAt = isoTime(timeMs);
    }
    const id = eventId(stream, version);
    return trace === null
      ? { id, stream, version, position, type, schemaVersion, recordedAt, correlationId, causationId, actor, payload }
      : {
          id,
          stream,
          version,
          position,
          type,
          schemaVersion,
          recordedAt,
          correlationId,
          causationId,
          actor,
          traceparent: trace,
          payload,
        };
  });
};
