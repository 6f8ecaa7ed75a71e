/** `tidemark contracts list`, `show` and `diff`: the catalog for people. */
import { compareVersions } from '../../../infra/contracts/compatibility';
import { schemaOf } from '../../../infra/contracts/contract-lock';
import { readersAt, readersOf } from '../../../infra/contracts/field-readers';
import { comparisonLines } from '../../../infra/contracts/finding-lines';
import { propertiesOf, requiredOf } from '../../../infra/schemas/schema-check';
import { smallestValue } from '../../../infra/schemas/schema-values';
import type { Aggregate } from '../../../domain/kernel/aggregate';
import type { AnyEventDefinition } from '../../../domain/kernel/event-definition';
import { namesOf, versionsOf, type EventVersion } from '../../../domain/kernel/event-versions';
import { ConfigurationError } from '../../../infra/configuration';
import type { Application } from '../../../projections/application';
import { contractReaders } from '../../program/contract-readers';
import type { Output } from './output';

interface Contract {
  readonly aggregate: Aggregate;
  readonly definition: AnyEventDefinition;
}

const contractsOf = ({ catalog }: Application): ReadonlyArray<Contract> =>
  catalog.aggregates.flatMap((aggregate) =>
    [...aggregate.events.values()].map((definition) => ({ aggregate, definition })),
  );

/** Prints one line per event. */
export const list = (application: Application, { json, print }: Output): void => {
  if (!json) print(['event'.padEnd(26), 'version', 'topic'.padEnd(9), 'owner'.padEnd(14), 'meaning'].join('  '));
  for (const { aggregate, definition } of contractsOf(application)) {
    const { type, schemaVersion, owner, meaning, since, deprecatedBy } = definition;
    const { topic } = aggregate;
    if (json) {
      const key = topic.key;
      const retention = topic.retention;
      print(
        JSON.stringify({ type, schemaVersion, topic: topic.name, key, retention, owner, since, deprecatedBy, meaning }),
      );
      continue;
    }
    const version = String(schemaVersion).padStart(7);
    print([type.padEnd(26), version, topic.name.padEnd(9), owner.padEnd(14), meaning].join('  '));
  }
};

/** Prints everything known about one event, found by its present name or a former one. */
export const show = (application: Application, type: string, { json, print }: Output): void => {
  const { aggregate, definition } = findContract(application, type);
  const { topic } = aggregate;
  const versions = versionsOf(definition);
  const schemas = versions.map(schemaOf);
  const readers = readersOf(namesOf(definition), schemas, contractReaders(application));
  if (json) {
    const shown = versions.map((version) => ({ ...describe(version), schema: schemaOf(version) }));
    const { owner, deprecatedBy } = definition;
    print(
      JSON.stringify({
        type: definition.type,
        owner,
        deprecatedBy,
        topic,
        versions: shown,
        readers: Object.fromEntries(readers),
      }),
    );
    return;
  }
  print(`${definition.type}: ${definition.meaning}`);
  print(`owner      ${definition.owner}`);
  if (definition.deprecatedBy !== undefined)
    print(`deprecated since ${definition.deprecatedBy.since} by ${definition.deprecatedBy.type}`);
  print(`topic      ${topic.name}, ${topic.partitions} partitions, kept ${retentionOf(aggregate)}`);
  print(`key        ${topic.key.is}. ${topic.key.because}`);
  print(`           ${topic.key.concurrency}`);
  print(`           skew: ${topic.key.skew}`);
  for (const version of [...versions].reverse()) {
    print('');
    for (const line of versionLines(version)) print(line);
  }
  print('');
  print('read by (found by running the readers):');
  for (const path of Object.keys(propertiesOf(schemaOf(definition))))
    print(`  ${path.padEnd(16)} ${readersAt(readers, `/${path}`).join(', ') || '-'}`);
};

const describe = ({ type, schemaVersion, since, meaning, superseded }: EventVersion) => ({
  type,
  schemaVersion,
  since,
  ...(superseded === undefined ? {} : { deprecated: superseded.deprecated, sunset: superseded.sunset }),
  meaning,
});

const retentionOf = ({ topic: { retention } }: Aggregate): string =>
  retention === 'forever' ? 'forever' : `${retention.ms} ms`;

const versionLines = (version: EventVersion): ReadonlyArray<string> => {
  const { type, schemaVersion, since, superseded } = version;
  const schema = schemaOf(version);
  const required = requiredOf(schema);
  const until =
    superseded === undefined
      ? ''
      : `, deprecated since ${superseded.deprecated}, not written from ${superseded.sunset} on`;
  return [
    `version ${schemaVersion} (${type}, since ${since}${until})`,
    ...Object.entries(propertiesOf(schema)).map(([name, { description }]) => {
      const optional = required.includes(name) ? '' : ' (optional)';
      return `  ${name.padEnd(16)} ${String(description)}${optional}`;
    }),
    `  example          ${JSON.stringify(smallestValue(schema))}`,
  ];
};

/** What changed from one version of an event to another; without versions, from its first version to its newest. */
export const diffVersions = (
  application: Application,
  type: string,
  from: string | undefined,
  to: string | undefined,
  { json, print }: Output,
): void => {
  const { definition } = findContract(application, type);
  const before = findVersion(definition, from ?? '1');
  const after = findVersion(definition, to ?? String(definition.schemaVersion));
  const comparison = compareVersions(shapeOf(before), shapeOf(after));
  if (json) {
    print(JSON.stringify({ type: definition.type, from: describe(before), to: describe(after), ...comparison }));
    return;
  }
  const name = (version: EventVersion): string => `${version.type} version ${version.schemaVersion}`;
  print(`${name(before)} -> ${name(after)}: ${comparison.compatibility} (this program reads both)`);
  for (const line of comparisonLines(comparison)) print(`  ${line}`);
};

const shapeOf = (version: EventVersion) => ({ type: version.type, schema: schemaOf(version) });

const findContract = (application: Application, type: string): Contract => {
  const definition = application.catalog.eventDefinition(type);
  const found = contractsOf(application).find((each) => each.definition === definition);
  if (found !== undefined) return found;
  throw new ConfigurationError(`no event is named '${type}': 'tidemark contracts list' lists them all`);
};

const findVersion = (definition: AnyEventDefinition, number: string): EventVersion => {
  const version = versionsOf(definition).find(({ schemaVersion }) => String(schemaVersion) === number);
  if (version !== undefined) return version;
  throw new ConfigurationError(
    `${definition.type} has no version '${number}'; it has 1 to ${definition.schemaVersion}`,
  );
};
