/** Events as the store holds them: the payload in an envelope that says where, when, why and by whom. */

/** What the store knows of an event beside its payload. */
export interface EventEnvelope {
  /** `<stream>@<version>`: unique, the consumer's duplicate check, and the caller's consistency token. */
  readonly id: string;
  /** `<category>-<aggregate id>`. */
  readonly stream: string;
  /** The place in its stream, counted from 1 without gaps. */
  readonly version: number;
  /** The place in the whole store, counted from 1 without gaps, in commit order. */
  readonly position: number;
  readonly type: string;
  readonly schemaVersion: number;
  /** When the store recorded it: ISO 8601, UTC, milliseconds. Business time stands in the payload. */
  readonly recordedAt: string;
  /** The same for everything that follows from one request. */
  readonly correlationId: string;
  /** The id of the event or request that caused this one. */
  readonly causationId: string;
  /** Who did it: the name of the API key, or `anonymous`. */
  readonly actor: string;
  /** The W3C trace context of the request, where it had one. */
  readonly traceparent?: string;
}

/** An event as stored: the payload is the JSON text that was written, never re-encoded. */
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

/** The category of a stream: what stands before the first `-`. */
export const categoryOf = (stream: string): string => {
  const dash = stream.indexOf('-');
  return dash < 0 ? stream : stream.slice(0, dash);
};

/** The aggregate's id in a stream's name; it is also the partition key. */
export const aggregateIdOf = (stream: string): string => stream.slice(stream.indexOf('-') + 1);

/** The identity of an event. */
export const eventId = (stream: string, version: number): string => `${stream}@${String(version)}`;

/** Splits an event's identity; undefined where the text is not one. */
export const parseEventId = (id: string): { readonly stream: string; readonly version: number } | undefined => {
  const at = id.lastIndexOf('@');
  const version = Number(id.slice(at + 1));
  if (at < 1 || !Number.isSafeInteger(version) || version < 1) return undefined;
  return { stream: id.slice(0, at), version };
};
