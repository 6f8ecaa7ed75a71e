/** Headers as Kafka has them: a list, for a name may come twice, and names differ by case. */
import type { OutgoingRecord, RecordHeaders } from './event-log';

/** The content type of a payload by itself. */
export const JSON_CONTENT_TYPE = 'application/json';

/** The content type of a value in structured mode. */
export const STRUCTURED_CONTENT_TYPE = 'application/cloudevents+json';

/** The W3C trace context in which a record's event was created, in both modes: only events with one have it. */
export const TRACEPARENT_HEADER = 'traceparent';

/** The one header of a record in structured mode. Nearly every record has it: this very list then, so that none is made. */
export const STRUCTURED_HEADERS: RecordHeaders = [['content-type', Buffer.from(STRUCTURED_CONTENT_TYPE)]];

const STRUCTURED_VALUE = Buffer.from(STRUCTURED_CONTENT_TYPE);

/** The headers of a record from those of a message on its way out, or as the client hands it out. */
export const recordHeaders = (given: OutgoingRecord['headers'] | undefined): RecordHeaders => {
  if (given === undefined) return [];
  const [first] = given;
  if (given.length === 1 && first !== undefined) {
    const only = first['content-type'];
    if (only !== undefined && STRUCTURED_VALUE.equals(bytesOf(only))) return STRUCTURED_HEADERS;
  }
  return given.map((header) => {
    // The client sets each name on a new object: this one of them becomes its prototype, and is found by its name there.
    const name = Object.keys(header)[0] ?? '__proto__';
    return [name, bytesOf(header[name] ?? '')];
  });
};

const bytesOf = (value: string | Buffer): Buffer => (typeof value === 'string' ? Buffer.from(value) : value);

/** The same headers on their way out. The client would send an empty buffer as null, and an empty text as it is. */
export const outgoingHeaders = (
  headers: ReadonlyArray<readonly [name: string, value: Uint8Array]>,
): OutgoingRecord['headers'] =>
  headers.map(([name, value]) => ({ [name]: value.length === 0 ? '' : Buffer.from(value) }));

/** The value under a name in lower case, however the record writes it; of several the last one, as Kafka's own clients do. */
export const headerNamed = (headers: RecordHeaders, wanted: string): Buffer | undefined => {
  for (let index = headers.length - 1; index >= 0; index -= 1) {
    const [name, value] = headers[index] ?? [''];
    if (name === wanted || (name.length === wanted.length && name.toLowerCase() === wanted)) return value;
  }
  return undefined;
};
