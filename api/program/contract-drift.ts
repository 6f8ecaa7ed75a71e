/** At start: whether the program's events are those that were agreed, and those that the store holds. */
import { existsSync } from 'node:fs';
import { runtimeFindings } from '../../infra/contracts/contract-check';
import { findingLines } from '../../infra/contracts/finding-lines';
import type { Catalog } from '../../domain/kernel/aggregate';
import { unknownKinds } from '../../domain/kernel/known-events';
import { readFixtures, readLock } from '../../infra/contracts/contract-files';
import type { Logger } from '../../infra/logger';
import { sampleEventKinds, type SampledKind } from '../../infra/sqlite/event-kinds';
import { contractReaders } from './contract-readers';
import type { LoadedApplication } from './application';

/** The program's events are not what was agreed. */
export class ContractsDiffer extends Error {
  override readonly name = 'ContractsDiffer';
}

export interface DriftOptions {
  readonly loaded: LoadedApplication;
  readonly contractDrift: 'refuse' | 'warn';
  readonly logger: Logger;
}

/** Throws {@link ContractsDiffer} where the lock and the code differ; with `warn` it says so in the log instead. */
export const refuseContractDrift = ({ loaded, contractDrift, logger }: DriftOptions): void => {
  const findings = runtimeFindings({
    catalog: loaded.application.catalog,
    lock: readLock(loaded.contractsFolder),
    fixtures: readFixtures(loaded.contractsFolder),
    readers: contractReaders(loaded.application),
  });
  if (findings.length === 0) return;
  if (contractDrift === 'warn') {
    for (const { subject, problem } of findings) logger.warn({ subject, problem }, 'a contract is not as agreed');
    return;
  }
  throw new ContractsDiffer(
    [
      "the program's events are not those of the contracts' lock, so it does not serve:",
      ...findings.flatMap(findingLines),
      "'tidemark contracts check' says the same; once each change is what it should be, 'tidemark contracts accept' takes it into the lock. " +
        'CONTRACT_DRIFT=warn serves all the same, for trying out.',
    ].join('\n'),
  );
};

// -------------------------------------------------------------------------------------
// What the store holds
// -------------------------------------------------------------------------------------

/**
 * Names in the log what the store holds and no contract of this program reads, as far as a sample shows it
 * (`tidemark contracts verify` reads the whole store). A store that can't be read yet is for the roles to wait for.
 */
export const warnOfUnreadableEvents = (storeFile: string, catalog: Catalog, logger: Logger): void => {
  const unknownOf = unknownKinds(catalog);
  for (const kind of kindsIn(storeFile)) {
    const unknown = unknownOf(kind);
    if (unknown === undefined) continue;
    logger.warn(
      { unknown, position: kind.position },
      "the store holds events that no contract of this program reads; 'tidemark contracts verify' reads them all",
    );
  }
};

const kindsIn = (file: string): ReadonlyArray<SampledKind> => {
  try {
    return existsSync(file) ? sampleEventKinds(file) : [];
  } catch {
    return [];
  }
};
