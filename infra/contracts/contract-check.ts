/** The contract check: compares the catalog with the lock and says whom every change affects. */
import type { Catalog } from '../../domain/kernel/aggregate';
import type { AnyEventDefinition } from '../../domain/kernel/event-definition';
import { namesOf, versionsOf, type EventVersion } from '../../domain/kernel/event-versions';
import { compareSchemas, compareVersions, type Comparison } from './compatibility';
import { ACCEPT, comparisonLines, exampleLines, readerLines } from './finding-lines';
import { movedEvent, successorOf, topicChange } from './topic-change';
import { lockOf, schemaOf, type ContractLock, type LockedEvent, type LockedVersion } from './contract-lock';
import { ruleFindings } from './contract-rules';
import type { InstrumentedReader } from './field-readers';
import type { PastForms } from './fact-names';
import type { Finding } from './finding';
import { fixtureFindings, type Fixture } from './fixtures';
import { valuesOf } from '../schemas/schema-values';
import { schemaFindings } from './schema-findings';
import { projectionFindings, type PresentProjections } from './projection-check';
import { snapshotFindings } from './snapshot-check';

export interface ContractCheck {
  readonly catalog: Catalog;
  readonly lock: ContractLock;
  readonly fixtures: ReadonlyArray<Fixture>;
  readonly readers: ReadonlyArray<InstrumentedReader>;
  /** Absent where only events are checked. */
  readonly projections?: PresentProjections;
  /** The word list for checking that event names are in the past tense. */
  readonly pastForms: PastForms;
}

/** All findings; empty where the contracts are as agreed. */
export const checkContracts = (check: ContractCheck): ReadonlyArray<Finding> => [
  ...ruleFindings(check.catalog, check.pastForms),
  ...schemaFindings(check.catalog),
  ...changeFindings(check),
  ...fixtureFindings(check.catalog, check.fixtures),
];

/**
 * The findings that must stop a program from starting: changed contracts and stored payloads that can no longer be read,
 * but not names and descriptions, which concern only those who change them.
 */
export const runtimeFindings = (check: Omit<ContractCheck, 'pastForms'>): ReadonlyArray<Finding> =>
  [
    ...schemaFindings(check.catalog),
    ...changeFindings(check),
    ...fixtureFindings(check.catalog, check.fixtures),
  ].filter(({ wordsOnly }) => wordsOnly !== true);

/** Everything that differs from the lock. */
export const changeFindings = ({
  catalog,
  lock,
  readers,
  projections,
}: Pick<ContractCheck, 'catalog' | 'lock' | 'readers' | 'projections'>): ReadonlyArray<Finding> => {
  const present = lockOf(catalog);
  return [
    ...Object.entries({ ...lock.topics, ...present.topics }).flatMap(([name]) =>
      topicChange(name, lock.topics[name], present.topics[name], successorOf(catalog, name, lock.topics[name])),
    ),
    ...Object.entries(lock.events).flatMap(([type, locked]) => eventChanges(catalog, type, locked, readers)),
    ...Object.keys(present.events)
      .filter((type) => !isLocked(catalog, lock, type))
      .map((type) => newEvent(type)),
    ...snapshotFindings(catalog.aggregates, lock.snapshots),
    ...(projections === undefined ? [] : projectionFindings(projections, lock.projections)),
  ];
};

/** Whether the event is in the lock under its current name or an earlier one. */
const isLocked = (catalog: Catalog, lock: ContractLock, type: string): boolean => {
  const definition = catalog.eventDefinition(type);
  return definition !== undefined && namesOf(definition).some((name) => lock.events[name] !== undefined);
};

const newEvent = (type: string): Finding => ({
  subject: type,
  problem: 'the event is new and not in the lock',
  remedy: ACCEPT,
  details: [],
  acceptable: true,
});

// -------------------------------------------------------------------------------------
// Events
// -------------------------------------------------------------------------------------

const eventChanges = (
  catalog: Catalog,
  type: string,
  locked: LockedEvent,
  readers: ReadonlyArray<InstrumentedReader>,
): ReadonlyArray<Finding> => {
  const definition = catalog.eventDefinition(type);
  if (definition === undefined) return [goneEvent(type, locked, readers)];
  const versions = versionsOf(definition);
  const topic = catalog.aggregates.find(({ events }) => events.has(definition.type))?.topic;
  return [
    ...(topic === undefined ? [] : movedEvent(definition.type, locked.topic, topic)),
    ...Object.entries(locked.versions).flatMap(([number, was]) => {
      const is = versions.find(({ schemaVersion }) => String(schemaVersion) === number);
      return is === undefined ? [goneVersion(definition, number, was)] : versionChanges(definition, was, is, readers);
    }),
    ...versions
      .filter(({ schemaVersion }) => locked.versions[String(schemaVersion)] === undefined)
      .map((version) => newVersion(definition, locked, version, readers)),
  ];
};

const goneEvent = (type: string, { versions }: LockedEvent, readers: ReadonlyArray<InstrumentedReader>): Finding => {
  const last = Object.values(versions).at(-1);
  const schemas = last === undefined ? [] : [last.schema];
  return {
    subject: type,
    compatibility: 'breaking',
    problem: 'the event is gone from the catalog, or was renamed without listing its former name',
    remedy:
      `History contains it and consumers read it. If it was renamed, raise schemaVersion and list '${type}' in 'earlier' of the new name; ` +
      "if it is no longer written, keep the definition and declare 'deprecatedBy'.",
    details: [
      ...schemas.flatMap((schema) => exampleLines(valuesOf(schema)[0], '/')),
      ...readerLines([type], schemas, ['/'], readers),
    ],
    acceptable: false,
  };
};

const goneVersion = (definition: AnyEventDefinition, number: string, { schema }: LockedVersion): Finding => ({
  subject: `${definition.type} version ${number}`,
  compatibility: 'breaking',
  problem: 'the version is gone from the chain',
  remedy:
    "Stored events are never rewritten: restore it in 'earlier' with its fields and its upcast to the next version.",
  details: exampleLines(valuesOf(schema)[0], '/'),
  acceptable: false,
});

const versionChanges = (
  definition: AnyEventDefinition,
  was: LockedVersion,
  is: EventVersion,
  readers: ReadonlyArray<InstrumentedReader>,
): ReadonlyArray<Finding> => {
  const subject = `${definition.type} version ${is.schemaVersion}`;
  if (was.type !== is.type) {
    return [
      {
        subject,
        compatibility: 'breaking',
        problem: `the version was called '${was.type}', and is '${is.type}' now`,
        remedy: `Stored events keep the name under which they were written: list version ${is.schemaVersion} as '${was.type}' in 'earlier', and give the new name a new version.`,
        details: [],
        acceptable: false,
      },
    ];
  }
  const comparison = compareSchemas(was.schema, schemaOf(is));
  if (comparison.compatibility !== 'none') return [shapeChange(subject, definition, was, is, comparison, readers)];
  const wordsChanged = was.meaning !== is.meaning || JSON.stringify(was.schema) !== JSON.stringify(schemaOf(is));
  return wordsChanged ? [meaningChange(subject, was, is)] : [];
};

const meaningChange = (subject: string, was: LockedVersion, is: EventVersion): Finding => ({
  subject,
  compatibility: 'full',
  problem: 'its descriptions changed, its shape did not',
  remedy: `If the values mean the same as before, ${ACCEPT} If the unit, zone or meaning changed, it is another field: raise schemaVersion and give it another name.`,
  details: was.meaning === is.meaning ? [] : [`was: ${was.meaning}`, `is:  ${is.meaning}`],
  acceptable: true,
  wordsOnly: true,
});

const shapeChange = (
  subject: string,
  definition: AnyEventDefinition,
  was: LockedVersion,
  is: EventVersion,
  comparison: Comparison,
  readers: ReadonlyArray<InstrumentedReader>,
): Finding => {
  const compatibility = comparison.compatibility === 'none' ? 'full' : comparison.compatibility;
  const next = definition.schemaVersion + 1;
  const remedy =
    is.superseded === undefined
      ? `Restore the fields as version ${is.schemaVersion} in 'earlier' with the upcast to the next, make this one schemaVersion: ${next}, then ${ACCEPT}`
      : `An earlier version never changes: restore it. What should be different belongs in version ${next}.`;
  return {
    subject,
    compatibility,
    problem: `its shape changed without a new version: ${MEANING_OF[compatibility]}`,
    remedy:
      compatibility === 'full'
        ? `If no reader needs to know about it, ${ACCEPT} Otherwise make it a new version.`
        : remedy,
    details: [
      ...comparisonLines(comparison),
      ...readerLines(
        namesOf(definition),
        [was.schema, schemaOf(is)],
        comparison.changes.map(({ path }) => path),
        readers,
      ),
    ],
    acceptable: compatibility === 'full' && is.superseded === undefined,
  };
};

const MEANING_OF: Readonly<Record<'full' | 'backward' | 'forward' | 'breaking', string>> = {
  full: 'compatible in both directions (full)',
  backward:
    'compatible backward only: new code reads what was written, consumers that are not ready reject what is written now',
  forward: 'compatible forward only: consumers read what is written now, new code rejects what was written',
  breaking: 'breaking in both directions',
};

const newVersion = (
  definition: AnyEventDefinition,
  locked: LockedEvent,
  version: EventVersion,
  readers: ReadonlyArray<InstrumentedReader>,
): Finding => {
  const before = locked.versions[String(version.schemaVersion - 1)];
  const subject = `${definition.type} version ${version.schemaVersion}`;
  const base = { subject, problem: 'the version is new and not in the lock', remedy: ACCEPT, acceptable: true };
  if (before === undefined) return { ...base, details: [] };
  const comparison = compareVersions(before, { type: version.type, schema: schemaOf(version) });
  const paths = comparison.changes.map(({ path }) => path);
  return {
    ...base,
    compatibility: comparison.compatibility === 'full' ? 'full' : 'backward',
    details: [
      ...comparisonLines(comparison),
      ...readerLines(namesOf(definition), [before.schema, schemaOf(version)], paths, readers),
    ],
  };
};
