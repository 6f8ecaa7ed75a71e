/** At start: compares the program's events with the recorded contracts, and with the events in the store. */
import { existsSync } from 'node:fs';
import { runtimeFindings } from '../../infra/contracts/contract-check';
import { findingLines } from '../../infra/contracts/finding-lines';
import type { Catalog } from '../../domain/kernel/aggregate';
import { unknownKinds } from '../../domain/kernel/known-events';
import { readFixtures, readLock } from '../../infra/contracts/contract-files';
import { lockedProjections } from '../../projections/locked-projections';
import type { Logger } from '../../infra/logger';
import { sampleEventKinds, type SampledKind } from '../../infra/sqlite/event-kinds';
import { contractReaders } from './contract-readers';
import { withApplicationNamed, type LoadedApplication } from './application';

/** The program's events differ from the recorded contracts. */
export class ContractsDiffer extends Error {
  override readonly name = 'ContractsDiffer';
}

export interface DriftOptions {
  readonly loaded: LoadedApplication;
  readonly contractDrift: 'refuse' | 'warn';
  readonly logger: Logger;
}

/** Throws {@link ContractsDiffer} if the lock and the code differ; with `warn` it logs the differences instead. */
export const refuseContractDrift = ({ loaded, contractDrift, logger }: DriftOptions): void => {
  const findings = runtimeFindings({
    catalog: loaded.application.catalog,
    lock: readLock(loaded.contractsFolder),
    fixtures: readFixtures(loaded.contractsFolder),
    readers: contractReaders(loaded.application),
    projections: lockedProjections(loaded.application.projections),
  });
  if (findings.length === 0) return;
  if (contractDrift === 'warn') {
    for (const { subject, problem } of findings)
      logger.warn({ subject, problem }, 'an event differs from its recorded contract');
    return;
  }
  throw new ContractsDiffer(
    withApplicationNamed(
      loaded,
      [
        "the program's events differ from the contracts' lock, so it does not start:",
        ...findings.flatMap(findingLines),
        "'tidemark contracts check' shows the same; if each change is intended, 'tidemark contracts accept' records it in the lock. " +
          'CONTRACT_DRIFT=warn starts nevertheless, for trials.',
      ].join('\n'),
    ),
  );
};

// -------------------------------------------------------------------------------------
// What the store holds
// -------------------------------------------------------------------------------------

/**
 * Logs which events in the store no contract of this program can read, as far as a sample shows
 * (`tidemark contracts verify` reads the whole store). If the store can't be read yet, the roles wait for it later.
 */
export const warnOfUnreadableEvents = (storeFile: string, catalog: Catalog, logger: Logger): void => {
  const unknownOf = unknownKinds(catalog);
  for (const kind of kindsIn(storeFile)) {
    const unknown = unknownOf(kind);
    if (unknown === undefined) continue;
    logger.warn(
      { unknown, position: kind.position },
      "the store holds events that no contract of this program can read; 'tidemark contracts verify' checks all events",
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
