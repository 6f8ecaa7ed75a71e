/** Payloads as they were once written, one file for each version of each event: they must always stay readable. */
import * as E from 'fp-ts/Either';
import type { Catalog } from '../../domain/kernel/aggregate';
import { decodeEvent } from '../../domain/kernel/decode-event';
import type { AnyEventDefinition } from '../../domain/kernel/event-definition';
import { versionsOf, type EventVersion } from '../../domain/kernel/event-versions';
import { schemaOf } from './contract-lock';
import type { Finding } from './finding';
import { sampleValues } from '../schemas/schema-values';

/** A payload and its upcast to the next version, which is absent for the newest version. */
export interface FixturePayload {
  readonly data: unknown;
  readonly upcast?: unknown;
}

/** The sample payloads of one version. */
export interface Fixture {
  readonly type: string;
  readonly schemaVersion: number;
  readonly payloads: ReadonlyArray<FixturePayload>;
}

/** Makes the fixture of a version from its codec's schema. */
export const fixtureOf = (version: EventVersion): Fixture => {
  const payloads = sampleValues(schemaOf(version)).map((data) => ({ data, ...upcastOf(version, data) }));
  return { type: version.type, schemaVersion: version.schemaVersion, payloads };
};

/** The same fixture with the upcasts that did not exist when its payloads were written. */
export const withUpcasts = (fixture: Fixture, version: EventVersion): Fixture => ({
  ...fixture,
  payloads: fixture.payloads.map((payload) =>
    'upcast' in payload ? payload : { ...payload, ...upcastOf(version, payload.data) },
  ),
});

const upcastOf = ({ superseded }: EventVersion, data: unknown): Pick<FixturePayload, 'upcast'> =>
  superseded === undefined ? {} : { upcast: superseded.upcast(data) };

/** Findings for every fixture that is missing, can no longer be read, or is read differently than before. */
export const fixtureFindings = (catalog: Catalog, fixtures: ReadonlyArray<Fixture>): ReadonlyArray<Finding> => {
  const definitions = catalog.aggregates.flatMap(({ events }) => [...events.values()]);
  return [
    ...definitions.flatMap((definition) => missingFixtures(definition, fixtures)),
    ...fixtures.flatMap((each) => payloadFindings(catalog, each)),
  ];
};

const missingFixtures = (definition: AnyEventDefinition, fixtures: ReadonlyArray<Fixture>): ReadonlyArray<Finding> =>
  versionsOf(definition)
    .filter(
      ({ type, schemaVersion }) => !fixtures.some((each) => each.type === type && each.schemaVersion === schemaVersion),
    )
    .map(({ type, schemaVersion }) => ({
      subject: `${type} version ${schemaVersion}`,
      problem: 'it has no fixture',
      remedy: "If the version is new, 'tidemark contracts accept' writes one; if its file was removed, restore it.",
      details: [],
      acceptable: true,
    }));

const payloadFindings = (catalog: Catalog, fixture: Fixture): ReadonlyArray<Finding> => {
  const version = catalog.aggregates
    .flatMap(({ events }) => [...events.values()])
    .flatMap(versionsOf)
    .find(({ type, schemaVersion }) => type === fixture.type && schemaVersion === fixture.schemaVersion);
  const decode = decodeEvent(catalog);
  return fixture.payloads.flatMap((payload, index) => {
    const read = decode(envelopeOf(fixture), payload.data);
    if (E.isLeft(read)) return [unreadable(fixture, payload, index, read.left.reason)];
    const step = version?.superseded?.upcast(payload.data);
    if (!('upcast' in payload) || sameJson(step, payload.upcast)) return [];
    return [readDifferently(fixture, payload, index, step)];
  });
};

const unreadable = (
  { type, schemaVersion }: Fixture,
  { data }: FixturePayload,
  index: number,
  reason: string,
): Finding => ({
  subject: `${type} version ${schemaVersion}`,
  problem: `payload ${index} of its fixture can't be read any more: ${reason}`,
  remedy:
    "Events like it are in the store and stay there. Leave the old version as it was in 'earlier', add a new one, and write the upcast between them.",
  details: [`example: ${JSON.stringify(data)}`],
  acceptable: false,
});

const readDifferently = (
  { type, schemaVersion }: Fixture,
  payload: FixturePayload,
  index: number,
  step: unknown,
): Finding => ({
  subject: `${type} version ${schemaVersion}`,
  problem: `payload ${index} of its fixture is read differently than before`,
  remedy:
    'Leave an upcast as it was: rows made before and after the change would differ. A correction is a new version.',
  details: [
    `example: ${JSON.stringify(payload.data)}`,
    `was: ${JSON.stringify(payload.upcast)}`,
    `is:  ${JSON.stringify(step)}`,
  ],
  acceptable: false,
});

/** Compares as JSON; the order of fields does not matter. */
const sameJson = (left: unknown, right: unknown): boolean =>
  JSON.stringify(sortKeys(left)) === JSON.stringify(sortKeys(right));

const sortKeys = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([left], [right]) => (left < right ? -1 : 1))
      .map(([name, member]) => [name, sortKeys(member)]),
  );
};

const envelopeOf = ({ type, schemaVersion }: Fixture) => ({
  id: 'fixture-1@1',
  stream: 'fixture-1',
  version: 1,
  position: 1,
  type,
  schemaVersion,
  recordedAt: '2017-07-09T21:57:05.000Z',
  correlationId: 'fixture',
  causationId: 'fixture',
  actor: 'fixture',
});
