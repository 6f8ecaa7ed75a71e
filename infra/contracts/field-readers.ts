/**
 * Which readers use which field of an event, found by running them over events that record every access. A list
 * maintained by hand would be out of date after the first change.
 */
import type { JsonSchema } from '../../domain/kernel/codec';
import type { AnyEventDefinition } from '../../domain/kernel/event-definition';
import type { RecordedEvent } from '../../domain/kernel/recorded-event';
import { valuesOf, wholeValue } from '../schemas/schema-values';

/** A projection, a process manager, or any other reader of events. */
export interface InstrumentedReader {
  /** Its name in messages, such as `projection order-summary`. */
  readonly name: string;
  readonly handles: ReadonlyArray<AnyEventDefinition>;
  /** Handles an event; the result is ignored. */
  readonly take: (event: RecordedEvent) => void;
}

/** Field path (JSON pointer, `*` for each element of a list) to the names of its readers. */
export type FieldReaders = ReadonlyMap<string, ReadonlyArray<string>>;

/**
 * Runs every reader that handles the event under any of its names.
 * @param schemas of the payloads to run them over; they may include fields that the newest version no longer has
 */
export const readersOf = (
  names: ReadonlyArray<string>,
  schemas: ReadonlyArray<JsonSchema>,
  readers: ReadonlyArray<InstrumentedReader>,
): FieldReaders => {
  const payloads = schemas.flatMap((schema) => [wholeValue(schema), ...valuesOf(schema)]);
  const found = new Map<string, string[]>();
  for (const reader of readers) {
    const type = reader.handles.find((each) => names.includes(each.type))?.type;
    if (type === undefined) continue;
    const paths = new Set<string>();
    payloads.forEach((data, index) => {
      const event = eventOf(
        type,
        index + 1,
        watched(data, '', (path) => paths.add(path)),
      );
      try {
        reader.take(event);
      } catch {
        // The payload may be of another version than the reader expects; the fields read before the error count.
      }
    });
    for (const path of paths) found.set(path, [...(found.get(path) ?? []), reader.name]);
  }
  return found;
};

/** The names of those that read the field, or one inside it. */
export const readersAt = (readers: FieldReaders, path: string): ReadonlyArray<string> => [
  ...new Set(
    [...readers].filter(([each]) => each === path || each.startsWith(`${path}/`)).flatMap(([, names]) => names),
  ),
];

/** The last field that was read before `work` ended or threw; undefined where it read none. */
export const lastReadPath = (event: RecordedEvent, work: (event: RecordedEvent) => unknown): string | undefined => {
  let last: string | undefined;
  const note = (path: string): void => {
    last = path;
  };
  try {
    work({ ...event, data: watched(event.data, '', note) });
  } catch {
    // It is expected to throw again.
  }
  return last;
};

const eventOf = (type: string, version: number, data: unknown): RecordedEvent => ({
  id: `watched-1@${version}`,
  stream: 'watched-1',
  version,
  position: version,
  type,
  schemaVersion: 1,
  recordedAt: '2017-07-09T21:57:05.000Z',
  correlationId: 'watched',
  causationId: 'watched',
  actor: 'watched',
  data,
});

/** A proxy of the value that calls `note` for every field that is read; copying an object reads all its fields. */
const watched = (value: unknown, path: string, note: (path: string) => void): unknown => {
  if (typeof value !== 'object' || value === null) return value;
  return new Proxy(value, {
    get: (target, name, receiver) => {
      const member: unknown = Reflect.get(target, name, receiver);
      if (typeof name === 'symbol' || !Object.hasOwn(target, name)) return member;
      if (Array.isArray(target)) return name === 'length' ? member : watched(member, `${path}/*`, note);
      note(`${path}/${name}`);
      return watched(member, `${path}/${name}`, note);
    },
  });
};
