/** The committed files of the contracts: the lock, and a fixture for each version of each event. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ContractLock } from '../../domain/contracts/contract-lock';
import type { Fixture } from '../../domain/contracts/fixtures';
import { ConfigurationError } from '../configuration';

/** Where they stand in the sources, seen from the built code. */
export const contractsFolder = join(__dirname, '..', '..', '..', 'domain', 'contracts');

/** Reads the lock. Throws ConfigurationError where there is none: without it nothing is agreed. */
export const readLock = (folder: string): ContractLock => {
  const file = join(folder, 'lock.json');
  if (!existsSync(file)) {
    throw new ConfigurationError(
      `${file} does not exist: bring it back, or begin one with 'tidemark contracts accept'`,
    );
  }
  // Only `writeLock` writes it, and what people edit is shown by the check.
  return JSON.parse(readFileSync(file, 'utf8')) as ContractLock;
};

/** Whether anything was agreed yet. */
export const hasLock = (folder: string): boolean => existsSync(join(folder, 'lock.json'));

export const writeLock = (folder: string, lock: ContractLock): void => writeJson(join(folder, 'lock.json'), lock);

/** Every fixture, in the order of file names. */
export const readFixtures = (folder: string): ReadonlyArray<Fixture> => {
  const fixtures = join(folder, 'fixtures');
  if (!existsSync(fixtures)) return [];
  return readdirSync(fixtures)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => JSON.parse(readFileSync(join(fixtures, name), 'utf8')) as Fixture);
};

export const writeFixture = (folder: string, fixture: Fixture): void => {
  mkdirSync(join(folder, 'fixtures'), { recursive: true });
  writeJson(join(folder, 'fixtures', `${fixture.type}.${fixture.schemaVersion}.json`), fixture);
};

const writeJson = (file: string, value: unknown): void => writeFileSync(file, `${JSON.stringify(value, null, 2)}\n`);
