/** The lock: every contract as agreed with its readers. Plain JSON, committed, and written by one command. */
import type { Aggregate, Catalog } from '../../domain/kernel/aggregate';
import type { JsonSchema } from '../../domain/kernel/codec';
import type { AnyEventDefinition } from '../../domain/kernel/event-definition';
import { versionsOf, type EventVersion } from '../../domain/kernel/event-versions';
import { jsonSchemaOf } from '../../domain/kernel/json-schema';
import { foldBehaviourOf } from '../commands/fold-behaviour';

/** One version of an event, as it was agreed. */
export interface LockedVersion {
  readonly type: string;
  readonly since: string;
  readonly deprecated?: string;
  readonly sunset?: string;
  readonly meaning: string;
  readonly schema: JsonSchema;
}

/** An event under its current name. */
export interface LockedEvent {
  readonly topic: string;
  readonly owner: string;
  /** By version number. */
  readonly versions: Readonly<Record<string, LockedVersion>>;
}

/** What decides on which partition a record is and how long it is retained. */
export interface LockedTopic {
  readonly partitions: number;
  readonly retention: string;
  readonly key: string;
}

/** What the snapshots of one version mean: digests of the sample events and of the states folded from them. */
export interface LockedSnapshot {
  readonly inputs: string;
  readonly behaviour: string;
}

/** By category, then by the declared version; earlier versions stay, so that a version number is never reused. */
export type LockedSnapshots = Readonly<Record<string, Readonly<Record<string, LockedSnapshot>>>>;

/** What a projection's rows look like under its version, and the indexes of its view. */
export interface LockedProjection {
  readonly version: number;
  /** The columns of each, separated by commas. */
  readonly indexes: ReadonlyArray<string>;
  /** `view`, `memory` (the detail table of sums), and the references by name. */
  readonly tables: Readonly<Record<string, LockedTable>>;
}

/** The types of a table's columns by name; of a reference also how rows find it and what they show of it. */
export interface LockedTable {
  readonly key: Readonly<Record<string, string>>;
  readonly columns: Readonly<Record<string, string>>;
  readonly removals?: string;
  readonly on?: ReadonlyArray<string>;
  readonly shown?: Readonly<Record<string, string>>;
}

export interface ContractLock {
  readonly topics: Readonly<Record<string, LockedTopic>>;
  readonly events: Readonly<Record<string, LockedEvent>>;
  /** Absent in locks of older releases. */
  readonly snapshots?: LockedSnapshots;
  /** By name. Absent in locks of older releases. */
  readonly projections?: Readonly<Record<string, LockedProjection>>;
}

/** The lock of a catalog and its projections; earlier snapshot versions are taken over from `before`. */
export const lockOf = (
  { aggregates }: Catalog,
  before?: ContractLock,
  projections?: ContractLock['projections'],
): ContractLock => ({
  topics: Object.fromEntries(aggregates.map(({ topic }) => [topic.name, lockedTopic(topic)])),
  events: Object.fromEntries(
    aggregates.flatMap((aggregate) =>
      [...aggregate.events.values()].map((each) => [each.type, lockedEvent(aggregate, each)]),
    ),
  ),
  snapshots: lockedSnapshots(aggregates, before?.snapshots),
  ...(projections === undefined ? {} : { projections }),
});

const lockedSnapshots = (
  aggregates: ReadonlyArray<Aggregate>,
  before: LockedSnapshots | undefined,
): LockedSnapshots => {
  const present = aggregates.flatMap((aggregate) => {
    const { category } = aggregate;
    const found = foldBehaviourOf(aggregate);
    if (found === undefined) return [];
    const { version, inputs, behaviour } = found;
    return [[category, { ...before?.[category], [String(version)]: { inputs, behaviour } }] as const];
  });
  return { ...before, ...Object.fromEntries(present) };
};

const lockedTopic = ({ partitions, retention, key }: Aggregate['topic']): LockedTopic => ({
  partitions,
  retention: retention === 'forever' ? retention : `${retention.ms} ms`,
  key: key.is,
});

const lockedEvent = ({ topic }: Aggregate, definition: AnyEventDefinition): LockedEvent => ({
  topic: topic.name,
  owner: definition.owner,
  versions: Object.fromEntries(versionsOf(definition).map((each) => [String(each.schemaVersion), lockedVersion(each)])),
});

const lockedVersion = (version: EventVersion): LockedVersion => {
  const { type, since, meaning, superseded } = version;
  const dates = superseded === undefined ? {} : { deprecated: superseded.deprecated, sunset: superseded.sunset };
  return { type, since, ...dates, meaning, schema: schemaOf(version) };
};

/** What a reader of this version may rely on; fields that it does not name are tolerated. */
export const schemaOf = ({ codec }: Pick<EventVersion, 'codec'>): JsonSchema =>
  jsonSchemaOf(codec, { additionalProperties: true });
