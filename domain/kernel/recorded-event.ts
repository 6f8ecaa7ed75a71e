/** Events as the store holds them: a payload, and an envelope that says where, when, why and by whom. */

/** Everything that the store holds of an event except its payload. */
export interface EventEnvelope {
  /** `<stream>@<version>`: unique; consumers detect duplicates by it, and clients use it as a consistency token. */
  readonly id: string;
  /** `<category>-<aggregate id>`. */
  readonly stream: string;
  /** The version within its stream, counted from 1 without gaps. */
  readonly version: number;
  /** The position in the whole store, counted from 1 without gaps, in commit order. */
  readonly position: number;
  readonly type: string;
  readonly schemaVersion: number;
  /** When the store recorded it: ISO 8601, UTC, milliseconds. Business time is in the payload. */
  readonly recordedAt: string;
  /** Shared by everything that follows from one request. */
  readonly correlationId: string;
  /** The id of the event or request that caused this one. */
  readonly causationId: string;
  /** Who did it: the name of the API key, or `anonymous`. */
  readonly actor: string;
  /** The W3C trace context of the request, where it had one. */
  readonly traceparent?: string;
}

/** An event as stored: the payload is the JSON text exactly as it was written, never re-encoded. */
export interface StoredEvent extends EventEnvelope {
  readonly payload: string;
}

/** An event with its payload decoded to the newest schema version. */
export interface RecordedEvent<Type extends string = string, Data = unknown> extends EventEnvelope {
  readonly type: Type;
  readonly data: Data;
}

/** The name of an aggregate's stream. */
export const streamName = (category: string, id: string): string => `${category}-${id}`;

/** The category of a stream: the part before the first `-`. */
export const categoryOf = (stream: string): string => {
  const dash = stream.indexOf('-');
  return dash < 0 ? stream : stream.slice(0, dash);
};

/** The aggregate's id in a stream's name; it is also the partition key. */
export const aggregateIdOf = (stream: string): string => stream.slice(stream.indexOf('-') + 1);

/** The id of an event. */
export const eventId = (stream: string, version: number): string => `${stream}@${String(version)}`;

/** Splits an event's id; undefined where the text is not one. */
export const parseEventId = (id: string): { readonly stream: string; readonly version: number } | undefined => {
  const at = id.lastIndexOf('@');
  const version = Number(id.slice(at + 1));
  if (at < 1 || !Number.isSafeInteger(version) || version < 1) return undefined;
  return { stream: id.slice(0, at), version };
};
