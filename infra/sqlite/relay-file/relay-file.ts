/** The relay's own small file in SQLite: its cursor, topics and status, and what it could not publish. */
export {
  readRelayCursor,
  readRelayStatus,
  readSkipResult,
  readWithheldEvents,
  relayFile,
  relayMigrations,
} from './tables';
