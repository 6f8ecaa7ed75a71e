/**
 * Who reads which field of an event, found out by running the readers over events that note every access. A list kept by
 * hand would be wrong at the first change.
 */
import type { JsonSchema } from '../../domain/kernel/codec';
import type { AnyEventDefinition } from '../../domain/kernel/event-definition';
import type { RecordedEvent } from '../../domain/kernel/recorded-event';
import { valuesOf, wholeValue } from '../schemas/schema-values';

/** A projection, a process manager, or whatever else takes events in. */
export interface InstrumentedReader {
  /** How a message calls it, such as `projection order-summary`. */
  readonly name: string;
  readonly handles: ReadonlyArray<AnyEventDefinition>;
  /** Takes an event in; what becomes of it is of no interest. */
  readonly take: (event: RecordedEvent) => void;
}

/** Field path (JSON pointer, `*` for each element of a list) to the names of those who read it. */
export type FieldReaders = ReadonlyMap<string, ReadonlyArray<string>>;

/**
 * Runs every reader that handles the event, under whichever of its names.
 * @param schemas of the payloads to run them over; a field that is gone from the newest is looked for all the same
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
        // A payload of another version than it expects: what it looked at before it stumbled counts.
      }
    });
    for (const path of paths) found.set(path, [...(found.get(path) ?? []), reader.name]);
  }
  return found;
};

/** Those who read the field, or one inside it. */
export const readersAt = (readers: FieldReaders, path: string): ReadonlyArray<string> => [
  ...new Set(
    [...readers].filter(([each]) => each === path || each.startsWith(`${path}/`)).flatMap(([, names]) => names),
  ),
];

/** The last field that was looked at before the work ended or broke; undefined where it looked at none. */
export const lastReadPath = (event: RecordedEvent, work: (event: RecordedEvent) => unknown): string | undefined => {
  let last: string | undefined;
  const note = (path: string): void => {
    last = path;
  };
  try {
    work({ ...event, data: watched(event.data, '', note) });
  } catch {
    // It breaks again, which is what it is run for.
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

/** The same value, which tells of every field that is looked at; one that is copied whole is looked at whole. */
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
