/** The reactors' own file in SQLite: a consumer's file with the state of the processes. */
export { pendingCounts, processRows } from './process-rows';
export { reactorsFile, readReactorsFile } from './reactors-file';
export { reactorsMigrations } from './reactors-schema';
