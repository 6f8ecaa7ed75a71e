/** An event's versions as one chain: upcast to the newest for readers, downcast for a producer whose readers are not ready. */
import * as E from 'fp-ts/Either';
import type * as t from 'io-ts';
import type { AnyRecord } from './codec';
import type { AnyEventDefinition, EarlierVersion } from './event-definition';
import { explain } from './explain';

/** One version of an event, earlier or newest. */
export interface EventVersion {
  readonly type: string;
  readonly schemaVersion: number;
  readonly meaning: string;
  readonly codec: AnyRecord;
  readonly since: string;
  /** Undefined for the newest. */
  readonly superseded?: EarlierVersion;
}

/** Every version, oldest first. */
export const versionsOf = (definition: AnyEventDefinition): ReadonlyArray<EventVersion> => [
  ...definition.earlier.map((each) => ({ ...versionOf(each), superseded: each })),
  versionOf(definition),
];

const versionOf = ({ type, schemaVersion, meaning, codec, since }: EventVersion): EventVersion => ({
  type,
  schemaVersion,
  meaning,
  codec,
  since,
});

/** Every name that the event has had, including the current one. */
export const namesOf = ({ type, earlier }: AnyEventDefinition): ReadonlyArray<string> => [
  ...new Set([type, ...earlier.map((each) => each.type)]),
];

/** Validates a payload with a codec: returns the value without undeclared fields, or a sentence with every failing path. */
export const validate = (codec: t.Mixed, data: unknown): E.Either<string, unknown> => {
  // `is` costs a fifth of `decode`, and nearly every event passes; `decode` is needed only to explain a failure.
  if (codec.is(data)) return E.right(data);
  const decoded = codec.decode(data);
  if (E.isRight(decoded)) return E.right(decoded.right as unknown);
  return E.left(
    explain(decoded.left)
      .map(({ path, message }) => `${path}: ${message}`)
      .join('; '),
  );
};

/** Brings a payload from an earlier version to the newest, step by step; each step receives only what its codec accepted. */
export const upcast = (
  definition: AnyEventDefinition,
  fromVersion: number,
  data: unknown,
): E.Either<string, unknown> => {
  let current = data;
  for (const step of definition.earlier.filter(({ schemaVersion }) => schemaVersion >= fromVersion)) {
    const checked = validate(step.codec, current);
    if (E.isLeft(checked)) return E.left(`as version ${step.schemaVersion}: ${checked.left}`);
    current = step.upcast(checked.right);
  }
  return validate(definition.codec, current);
};

/** A payload in an earlier version; undefined where that version cannot express it without loss. */
export const downcast = (definition: AnyEventDefinition, toVersion: number, data: unknown): unknown => {
  let current: unknown = data;
  for (const step of [...definition.earlier].reverse()) {
    if (step.schemaVersion < toVersion) break;
    current = step.downcast?.(current);
    if (current === undefined || !step.codec.is(current)) return undefined;
  }
  return current;
};
