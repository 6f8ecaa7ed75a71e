/**
 * In which version a stored event is published. As it was stored, unless this producer was told to write an older one
 * until consumers are ready; and whatever is not the newest says in its headers until when it can be counted on.
 */
import type { Catalog } from '../../domain/kernel/aggregate';
import type { AnyEventDefinition } from '../../domain/kernel/event-definition';
import { downcast, upcast, versionsOf } from '../../domain/kernel/event-versions';
import type { StoredEvent } from '../../domain/kernel/recorded-event';
import { ConfigurationError } from '../configuration';

/** Event name to the version that is to be written. */
export type WriteVersions = ReadonlyMap<string, number>;

export interface WrittenEvent {
  readonly event: StoredEvent;
  /** Empty for the newest version. */
  readonly headers: ReadonlyArray<Readonly<Record<string, string>>>;
}

/** Makes the function that brings an event into the version that is to be written. */
export const versionWriter = (
  catalog: Catalog,
  writeVersions: WriteVersions,
): ((event: StoredEvent) => WrittenEvent) => {
  const deprecations = deprecationHeaders(catalog);
  return (event) => {
    const definition = catalog.eventDefinition(event.type);
    const wanted = definition === undefined ? undefined : writeVersions.get(definition.type);
    const written =
      definition === undefined || wanted === undefined || event.schemaVersion <= wanted
        ? event
        : inVersion(definition, wanted, event);
    return { event: written, headers: deprecations.get(`${written.type}/${written.schemaVersion}`) ?? [] };
  };
};

/**
 * What the older version can't say without loss is published as it was stored: consumers that are not ready keep it aside
 * and read it once they are. None is bent, and none is lost.
 */
const inVersion = (definition: AnyEventDefinition, wanted: number, event: StoredEvent): StoredEvent => {
  const version = versionsOf(definition).find(({ schemaVersion }) => schemaVersion === wanted);
  const newest = upcast(definition, event.schemaVersion, JSON.parse(event.payload) as unknown);
  if (version === undefined || newest._tag === 'Left') return event;
  const data = downcast(definition, wanted, newest.right);
  if (data === undefined) return event;
  return { ...event, type: version.type, schemaVersion: wanted, payload: JSON.stringify(data) };
};

/** By `<type>/<version>`. */
const deprecationHeaders = ({ aggregates }: Catalog): ReadonlyMap<string, WrittenEvent['headers']> =>
  new Map(
    aggregates
      .flatMap(({ events }) => [...events.values()])
      .flatMap((definition) =>
        definition.earlier.map(({ type, schemaVersion, deprecated, sunset }) => {
          const newest = `${definition.type}/${definition.schemaVersion}`;
          return [
            `${type}/${schemaVersion}`,
            [{ deprecation: deprecated }, { sunset }, { 'successor-version': newest }],
          ];
        }),
      ),
  );

/** Under present names. Throws ConfigurationError for an event, a version or a step down that is not there. */
export const checkedWriteVersions = (catalog: Catalog, wanted: WriteVersions): WriteVersions =>
  new Map([...wanted].map(([name, version]) => [checkedName(catalog, name, version), version]));

const checkedName = (catalog: Catalog, name: string, version: number): string => {
  const definition = catalog.eventDefinition(name);
  if (definition === undefined) {
    throw new ConfigurationError(`WRITE_VERSIONS names '${name}'; 'tidemark contracts list' names the events`);
  }
  if (version > definition.schemaVersion) {
    throw new ConfigurationError(
      `WRITE_VERSIONS asks for version ${version} of ${name}; this program knows 1 to ${definition.schemaVersion}`,
    );
  }
  const noStep = definition.earlier.find((each) => each.schemaVersion >= version && each.downcast === undefined);
  if (noStep === undefined) return definition.type;
  throw new ConfigurationError(
    `WRITE_VERSIONS asks for version ${version} of ${name}, and no step leads down to version ${noStep.schemaVersion}`,
  );
};
