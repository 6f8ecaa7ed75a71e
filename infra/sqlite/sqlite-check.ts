/** The check, before anything starts, that the store's library can be loaded. */
export { assertSqliteLoads } from './database';
