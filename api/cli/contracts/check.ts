/** `tidemark contracts check` and `accept`: compares the code's events with the recorded contracts, and records changes. */
import { join, relative } from 'node:path';
import { changeFindings, checkContracts } from '../../../infra/contracts/contract-check';
import { lockOf } from '../../../infra/contracts/contract-lock';
import type { Finding } from '../../../infra/contracts/finding';
import { findingLines } from '../../../infra/contracts/finding-lines';
import { fixtureOf, withUpcasts } from '../../../infra/contracts/fixtures';
import { versionsOf } from '../../../domain/kernel/event-versions';
import { hasLock, readFixtures, readLock, writeFixture, writeLock } from '../../../infra/contracts/contract-files';
import { readPastForms } from '../../../infra/contracts/past-forms';
import type { Application } from '../../../projections/application';
import { lockedProjections } from '../../../projections/locked-projections';
import { withApplicationNamed, type LoadedApplication } from '../../program/application';
import { embeddedMismatch } from '../../../infra/kafka/embedded/embedded-partitions';
import { contractReaders } from '../../program/contract-readers';
import type { Output } from './output';

/** Prints lines whose commands name the application, where it has to be named. */
const namingOutput = (loaded: LoadedApplication, { json, print }: Output): Output => ({
  json,
  print: (line) => {
    print(json ? line : withApplicationNamed(loaded, line));
  },
});

const definitionsIn = ({ catalog }: Application) => catalog.aggregates.flatMap(({ events }) => [...events.values()]);

/** Returns the exit status: 1 if there is any finding. */
export const check = (loaded: LoadedApplication, output: Output): number => {
  const { application, contractsFolder } = loaded;
  const { json, print } = namingOutput(loaded, output);
  const { catalog } = application;
  const definitions = definitionsIn(application);
  const findings = checkContracts({
    catalog,
    lock: readLock(contractsFolder),
    fixtures: readFixtures(contractsFolder),
    readers: contractReaders(application),
    projections: lockedProjections(application.projections),
    pastForms: readPastForms(),
  });
  if (json) for (const finding of findings) print(JSON.stringify(finding));
  else for (const line of findings.flatMap(findingLines)) print(line);
  if (findings.length > 0) return 1;
  const versions = definitions.flatMap(versionsOf).length;
  if (!json)
    print(
      `contracts: ${definitions.length} events in ${versions} versions, as recorded in ${shownFile(contractsFolder)}`,
    );
  return 0;
};

/** Records what is new in the lock, with a fixture for every new version. Returns the exit status: 1 if a finding can't be accepted. */
export const accept = (loaded: LoadedApplication, output: Output): number => {
  const { application, contractsFolder } = loaded;
  const { json, print } = namingOutput(loaded, output);
  const { catalog } = application;
  const readers = contractReaders(application);
  const fixtures = readFixtures(contractsFolder);
  const lock = hasLock(contractsFolder) ? readLock(contractsFolder) : { topics: {}, events: {} };
  const projections = lockedProjections(application.projections);
  const findings = checkContracts({ catalog, lock, fixtures, readers, projections, pastForms: readPastForms() });
  const refused = findings.filter((finding) => !finding.acceptable);
  if (refused.length > 0) {
    printRefused(refused, findings, { json, print });
    return 1;
  }
  for (const version of definitionsIn(application).flatMap(versionsOf)) {
    const kept = fixtures.find(
      ({ type, schemaVersion }) => type === version.type && schemaVersion === version.schemaVersion,
    );
    writeFixture(contractsFolder, kept === undefined ? fixtureOf(version) : withUpcasts(kept, version));
  }
  writeLock(contractsFolder, lockOf(catalog, lock, projections));
  for (const { subject, problem } of findings)
    print(json ? JSON.stringify({ accepted: subject, problem }) : `accepted: ${subject}: ${problem}`);
  if (!json && findings.length === 0) print('nothing has changed');
  const mismatch = embeddedMismatch(catalog.aggregates.map(({ topic }) => topic));
  if (!json && mismatch !== undefined) print(`note: ${mismatch}`);
  return 0;
};

/** Prints every finding that prevents acceptance, and the findings that could be accepted without them. */
const printRefused = (
  refused: ReadonlyArray<Finding>,
  findings: ReadonlyArray<Finding>,
  { json, print }: Output,
): void => {
  const acceptable = findings.filter((finding) => finding.acceptable);
  if (json) {
    for (const finding of refused) print(JSON.stringify({ refused: finding.subject, ...finding }));
    print(JSON.stringify({ written: false, refused: refused.length, acceptable: acceptable.length }));
    return;
  }
  for (const line of refused.flatMap(findingLines)) print(line);
  print('');
  print(`nothing was written, for ${refused.length} of ${findings.length} findings can't be accepted:`);
  for (const { subject, problem } of refused) print(`  refused: ${subject}: ${problem}`);
  for (const { subject, problem } of acceptable) print(`  acceptable otherwise: ${subject}: ${problem}`);
};

/** What differs between the code and the lock; the exit status is 0 either way. */
export const diffWithLock = (loaded: LoadedApplication, output: Output): number => {
  const { application, contractsFolder } = loaded;
  const { json, print } = namingOutput(loaded, output);
  const { catalog } = application;
  const findings = changeFindings({
    catalog,
    lock: readLock(contractsFolder),
    readers: contractReaders(application),
    projections: lockedProjections(application.projections),
  });
  if (json) for (const finding of findings) print(JSON.stringify(finding));
  else for (const line of findings.flatMap(findingLines)) print(line);
  if (!json && findings.length === 0) print(`the code and ${shownFile(contractsFolder)} agree`);
  return 0;
};

/** The path of the lock, relative to the working folder. */
const shownFile = (contractsFolder: string): string => relative(process.cwd(), join(contractsFolder, 'lock.json'));
