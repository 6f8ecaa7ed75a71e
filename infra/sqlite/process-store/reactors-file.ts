/** The reactors' file for its one writer and for its readers. */
import { existsSync } from 'node:fs';
import type { Clock } from '../../clock';
import type { ReactorReader, ReactorsFile } from '../../reactors/processes/processes';
import { consumerFile, groupStatusReader, unresolvedReader } from '../consumer-file/consumer-file';
import { openForReading, schemaVersion } from '../database';
import type { LeasedDatabase } from '../leased-database';
import { bindToStore } from '../store-identity';
import { effectRows, readEffect, readEffectResults } from './effect-rows';
import { pendingCounts, processRows, repeatedCommands } from './process-rows';
import { reactorsMigrations } from './reactors-schema';
import { readSetAside, setAsideOf } from './set-aside';

/** The file as its one writing process uses it. */
export const reactorsFile = (leased: LeasedDatabase, clock: Clock): ReactorsFile => ({
  ...consumerFile(leased, clock),
  processes: processRows(leased.database),
  setAside: setAsideOf(leased.database, clock),
  effects: effectRows(leased.database, clock),
  bindToStore: (storeId) => bindToStore(leased.database, storeId),
});

/** Reads the current file; returns `otherwise` where the role has never run, or only that of an older release. */
export const readReactorsFile = <Result>(
  file: string,
  otherwise: Result,
  read: (reader: ReactorReader) => Result,
): Result => {
  if (!existsSync(file)) return otherwise;
  const database = openForReading(file);
  try {
    if (schemaVersion(database) < reactorsMigrations.length) return otherwise;
    return read({
      ...unresolvedReader(database),
      groups: groupStatusReader(database),
      pendingCounts: (process) => pendingCounts(database, process),
      repeatedCommands: (process, minAttempts) => repeatedCommands(database, process, minAttempts),
      setAside: (filter, limit) => readSetAside(database, filter, limit),
      effect: (effect) => readEffect(database, effect),
      effectResults: (filter, limit) => readEffectResults(database, filter, limit),
    });
  } finally {
    database.close();
  }
};
