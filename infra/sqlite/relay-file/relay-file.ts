/** The relay's own file in SQLite: its cursor, topics and status, and the events that it could not publish. */
export {
  readRelayCursor,
  readRelayStatus,
  readSkipResult,
  readWithheldEvents,
  relayFile,
  relayMigrations,
} from './tables';
