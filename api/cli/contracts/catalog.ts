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

/** One line an event. */
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

/** Everything that is known of one event, by its name or one that it had. */
export const show = (application: Application, type: string, { json, print }: Output): void => {
  const { aggregate, definition } = contractNamed(application, type);
  const { topic } = aggregate;
  const versions = versionsOf(definition);
  const schemas = versions.map(schemaOf);
  const readers = readersOf(namesOf(definition), schemas, contractReaders(application));
  if (json) {
    const shown = versions.map((version) => ({ ...described(version), schema: schemaOf(version) }));
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
  print(`           ${topic.key.concurrency ?? ''}`);
  print(`           skew: ${topic.key.skew ?? ''}`);
  for (const version of [...versions].reverse()) {
    print('');
    for (const line of versionLines(version)) print(line);
  }
  print('');
  print('read by (found out by running them):');
  for (const path of Object.keys(propertiesOf(schemaOf(definition))))
    print(`  ${path.padEnd(16)} ${readersAt(readers, `/${path}`).join(', ') || '-'}`);
};

const described = ({ type, schemaVersion, since, meaning, superseded }: EventVersion) => ({
  type,
  schemaVersion,
  since,
  ...(superseded === undefined ? {} : { deprecated: superseded.deprecated, sunset: superseded.sunset }),
  meaning,
});

const retentionOf = ({ topic: { retention } }: Aggregate): string =>
  retention === 'forever' ? 'for ever' : `${retention.ms} ms`;

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
      const optional = required.includes(name) ? '' : ' (may be left out)';
      return `  ${name.padEnd(16)} ${String(description)}${optional}`;
    }),
    `  example          ${JSON.stringify(smallestValue(schema))}`,
  ];
};

/** What changed from one version of an event to another; without versions, over its whole life. */
export const diffVersions = (
  application: Application,
  type: string,
  from: string | undefined,
  to: string | undefined,
  { json, print }: Output,
): void => {
  const { definition } = contractNamed(application, type);
  const before = versionNamed(definition, from ?? '1');
  const after = versionNamed(definition, to ?? String(definition.schemaVersion));
  const comparison = compareVersions(shapeOf(before), shapeOf(after));
  if (json) {
    print(JSON.stringify({ type: definition.type, from: described(before), to: described(after), ...comparison }));
    return;
  }
  const name = (version: EventVersion): string => `${version.type} version ${version.schemaVersion}`;
  print(`${name(before)} -> ${name(after)}: ${comparison.compatibility} (this program reads both)`);
  for (const line of comparisonLines(comparison)) print(`  ${line}`);
};

const shapeOf = (version: EventVersion) => ({ type: version.type, schema: schemaOf(version) });

const contractNamed = (application: Application, type: string): Contract => {
  const definition = application.catalog.eventDefinition(type);
  const found = contractsOf(application).find((each) => each.definition === definition);
  if (found !== undefined) return found;
  throw new ConfigurationError(`no event is named '${type}': 'tidemark contracts list' names them all`);
};

const versionNamed = (definition: AnyEventDefinition, number: string): EventVersion => {
  const version = versionsOf(definition).find(({ schemaVersion }) => String(schemaVersion) === number);
  if (version !== undefined) return version;
  throw new ConfigurationError(
    `${definition.type} has no version '${number}'; it has 1 to ${definition.schemaVersion}`,
  );
};
