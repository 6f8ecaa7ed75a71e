/**
 * Validates an append and serialises it before it enters a queue: an error fails its own caller at once, never other appends in
 * the same transaction, and later changes by the caller have no effect.
 */
import type {
  Append,
  AppendFailure,
  AppendMetadata,
  EventTooLarge,
  ExpectedVersion,
  NewEvent,
  RequestOutcome,
  StreamAppend,
} from '../../domain/kernel/event-store';
import { eventId, type EventEnvelope } from '../../domain/kernel/recorded-event';
import { isSurelySmall, MAX_EVENT_RECORD_BYTES, recordBytesOf } from '../record-limit';

export interface PreparedEvent {
  readonly type: string;
  readonly schemaVersion: number;
  /** The payload as the JSON text that is stored and published. */
  readonly payload: string;
}

export interface PreparedStream {
  readonly stream: string;
  readonly expectedVersion: ExpectedVersion;
  readonly events: ReadonlyArray<PreparedEvent>;
}

export interface PreparedAppend {
  readonly streams: ReadonlyArray<PreparedStream>;
  readonly eventCount: number;
  readonly metadata: AppendMetadata;
  readonly outcome?: Append['outcome'];
}

// -------------------------------------------------------------------------------------
// Checking
// -------------------------------------------------------------------------------------

/** `<category>-<id>`: no control characters, and no unpaired surrogates, which UTF-8 can't encode. */
const streamNameExpression = /^[^-\s\p{Cc}\p{Cs}]+-[^\p{Cc}\p{Cs}]+$/u;
const STREAM_NAME_CHARACTERS = 300;

/** Checks an append and writes its payloads as JSON. Throws TypeError or RangeError: these are errors in a program. */
export const prepareAppend = (append: Append): PreparedAppend => {
  const streams = append.streams.map(prepareStream);
  if (streams.length > 1) assertDistinctStreams(streams);
  const metadata = validateMetadata(append.metadata);
  const eventCount = streams.reduce((sum, { events }) => sum + events.length, 0);
  return { streams, eventCount, metadata, ...(append.outcome === undefined ? {} : { outcome: append.outcome }) };
};

const prepareStream = ({ stream, expectedVersion, events }: StreamAppend): PreparedStream => {
  checkStreamName(stream);
  checkExpectedVersion(stream, expectedVersion);
  return { stream, expectedVersion, events: events.map((event) => prepareEvent(stream, event)) };
};

const checkStreamName = (stream: string): void => {
  if (stream.length <= STREAM_NAME_CHARACTERS && streamNameExpression.test(stream)) return;
  const shown = JSON.stringify(stream.length > 60 ? `${stream.slice(0, 60)}…` : stream);
  throw new TypeError(
    `${shown} can't name a stream: it takes <category>-<id>, at most ${STREAM_NAME_CHARACTERS} characters, none of them control characters`,
  );
};

const checkExpectedVersion = (stream: string, expected: ExpectedVersion): void => {
  if (expected === 'any' || expected === 'noStream' || expected === 'streamExists') return;
  if (Number.isSafeInteger(expected) && expected >= 0) return;
  throw new RangeError(
    `the expected version of ${stream} is ${String(expected)}; it takes 'any', 'noStream', 'streamExists', or an integer from 0`,
  );
};

const prepareEvent = (stream: string, { type, schemaVersion, data }: NewEvent): PreparedEvent => {
  if (typeof type !== 'string' || type === '') throw new TypeError(`an event for ${stream} has no type`);
  if (!Number.isSafeInteger(schemaVersion) || schemaVersion < 1) {
    throw new RangeError(`${type} for ${stream} has schema version ${String(schemaVersion)}; versions count from 1`);
  }
  return { type, schemaVersion, payload: jsonText(stream, type, data) };
};

const jsonText = (stream: string, type: string, data: unknown): string => {
  let text: string | undefined;
  let reason = `it is ${typeof data}`;
  try {
    // The type says string, but undefined, functions and symbols have no JSON.
    text = JSON.stringify(data);
  } catch (error) {
    reason = error instanceof Error ? error.message : String(error);
  }
  if (text !== undefined) return text;
  throw new TypeError(`the payload of ${type} for ${stream} can't be written as JSON: ${reason}`);
};

const assertDistinctStreams = (streams: ReadonlyArray<PreparedStream>): void => {
  const names = new Set<string>();
  for (const { stream } of streams) {
    if (names.has(stream)) throw new TypeError(`an append names ${stream} twice: combine its events in one list`);
    names.add(stream);
  }
};

const validateMetadata = ({ correlationId, causationId, actor, traceparent }: AppendMetadata): AppendMetadata => {
  for (const [name, value] of Object.entries({ correlationId, causationId, actor, traceparent: traceparent ?? '' })) {
    if (typeof value !== 'string') throw new TypeError(`an append's ${name} is ${typeof value}; it takes text`);
  }
  return traceparent === undefined
    ? { correlationId, causationId, actor }
    : { correlationId, causationId, actor, traceparent };
};

/** Throws RangeError for an invalid page: its start counts from 0, its limit from 1. */
export const checkPage = (after: number, limit: number): void => {
  if (!Number.isSafeInteger(after) || after < 0)
    throw new RangeError(`a page can't start after ${after}; it takes an integer from 0`);
  if (!Number.isSafeInteger(limit) || limit < 1)
    throw new RangeError(`a page's limit can't be ${limit}; it takes an integer from 1`);
};

// -------------------------------------------------------------------------------------
// Common to all stores
// -------------------------------------------------------------------------------------

/** Returns the first event that exceeds the record size; every store rejects it before anything enters a queue. */
export const oversizedEventOf = (
  { streams, metadata }: PreparedAppend,
  limitBytes = MAX_EVENT_RECORD_BYTES,
): EventTooLarge | undefined => {
  for (const { stream, events } of streams) {
    for (const { type, payload } of events) {
      const event = { stream, type, payload };
      if (isSurelySmall(event, metadata, limitBytes)) continue;
      const sizeBytes = recordBytesOf(event, metadata);
      if (sizeBytes > limitBytes) return { _tag: 'EventTooLarge', stream, type, sizeBytes, limitBytes };
    }
  }
  return undefined;
};

/** Returns the conflict if the stream does not have the expected version; 0 is the version of a stream without events. */
export const conflictOf = (
  { stream, expectedVersion }: PreparedStream,
  actualVersion: number,
): Extract<AppendFailure, { readonly _tag: 'VersionConflict' }> | undefined =>
  holds(expectedVersion, actualVersion)
    ? undefined
    : { _tag: 'VersionConflict', stream, expectedVersion, actualVersion };

const holds = (expected: ExpectedVersion, actual: number): boolean => {
  switch (expected) {
    case 'any':
      return true;
    case 'noStream':
      return actual === 0;
    case 'streamExists':
      return actual > 0;
    default:
      return actual === expected;
  }
};

/** Returns the envelopes of the events of one stream, which follow the given version and position. */
export const envelopesOf = (
  { stream, events }: PreparedStream,
  metadata: AppendMetadata,
  from: { readonly version: number; readonly position: number; readonly recordedAt: string },
): ReadonlyArray<EventEnvelope> =>
  events.map(({ type, schemaVersion }, index) => {
    const version = from.version + index + 1;
    const position = from.position + index + 1;
    const { recordedAt } = from;
    return { id: eventId(stream, version), stream, version, position, type, schemaVersion, recordedAt, ...metadata };
  });

/** The outcome to remember; a value that is not text fails here, before it could fail the whole transaction. */
export const outcomeOf = (
  { outcome }: PreparedAppend,
  appended: ReadonlyArray<EventEnvelope>,
): RequestOutcome | undefined => {
  if (outcome === undefined) return undefined;
  const { scope, key, requestHash, response } = outcome(appended);
  const isText = [scope, key, requestHash, response].every((each) => typeof each === 'string');
  if (!isText || scope === '' || key === '') {
    throw new TypeError(
      'an outcome needs a scope, a key, a request hash and a response as text, and neither scope nor key is empty',
    );
  }
  return { scope, key, requestHash, response };
};
