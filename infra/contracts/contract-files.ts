/** The committed files of the contracts: the lock, and a fixture for each version of each event. */
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ContractLock } from '../../domain/contracts/contract-lock';
import type { Fixture } from '../../domain/contracts/fixtures';
import { ConfigurationError } from '../configuration';
import { writeWholeJson } from '../files/whole-file';

/** Reads the lock. Throws ConfigurationError if there is none. */
export const readLock = (folder: string): ContractLock => {
  const file = join(folder, 'lock.json');
  if (!existsSync(file)) {
    throw new ConfigurationError(
      `${file} does not exist: bring it back, or begin one with 'tidemark contracts accept' (with the same --app, if there was one)`,
    );
  }
  // Written by `writeLock`; the check shows manual edits, but a merge may have left it broken.
  const lock = readJson(file) as Partial<ContractLock> | null;
  if (isObject(lock?.topics) && isObject(lock?.events)) return lock as ContractLock;
  throw new ConfigurationError(`${file} is not a lock: it has no 'topics' and 'events'; restore the committed version`);
};

/** Whether a lock exists. */
export const hasLock = (folder: string): boolean => existsSync(join(folder, 'lock.json'));

export const writeLock = (folder: string, lock: ContractLock): void => writeWholeJson(join(folder, 'lock.json'), lock);

/** Every fixture, in the order of file names. */
export const readFixtures = (folder: string): ReadonlyArray<Fixture> => {
  const fixtures = join(folder, 'fixtures');
  if (!existsSync(fixtures)) return [];
  return readdirSync(fixtures)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => readJson(join(fixtures, name)) as Fixture);
};

export const writeFixture = (folder: string, fixture: Fixture): void => {
  mkdirSync(join(folder, 'fixtures'), { recursive: true });
  writeWholeJson(join(folder, 'fixtures', `${fixture.type}.${fixture.schemaVersion}.json`), fixture);
};

const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null;

const readJson = (file: string): unknown => {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as unknown;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ConfigurationError(`${file} can't be read as JSON: ${reason.split('\n')[0] ?? ''}`);
  }
};
