/** All tables of a consumer's file. */
import type { Clock } from '../../clock';
import type { Quarantine } from '../../consumption/intake/intake';
import type { ConsumerFile, ConsumerTables } from '../../dead-letters/redrive/redrive';
import type { Database } from '../database';
import { writeUnderLease, type LeasedDatabase } from '../leased-database';
import { checkpointsOf } from './checkpoints';
import { deadLetterCopies } from './dead-letter-copies';
import { deadLetterRows } from './dead-letters';
import { defectLog } from './defect-log';
import { failedRequestNotes } from './failed-requests';
import { groupStatusWriter } from './group-status';
import { offsetMoveNotes, offsetRequests } from './offset-moves';
import { parkedEvents } from './parked-events';
import { quarantineOf } from './quarantine';
import { redriveRows, requestCursor } from './redrives';
import { trippedBreakers } from './tripped-breakers';

/**
 * Prepares the statements on a file that has all migrations of this folder.
 * @param isDiscarded looks up operators' discards where they are stored in another file
 */
export const consumerTables = (
  database: Database,
  clock: Clock,
  isDiscarded?: Quarantine['isDiscarded'],
): ConsumerTables => ({
  checkpoints: checkpointsOf(database),
  writeStatus: groupStatusWriter(database),
  offsetRequests: offsetRequests(database),
  noteOffsetMove: offsetMoveNotes(database, clock),
  quarantine: quarantineOf(database, clock, isDiscarded),
  letters: deadLetterRows(database, clock),
  parked: parkedEvents(database),
  breakers: trippedBreakers(database, clock),
  redrives: redriveRows(database, clock),
  requests: requestCursor(database),
  noteFailedRequest: failedRequestNotes(database, clock),
  copies: deadLetterCopies(database, clock),
  defects: defectLog(database),
  // A transaction inside a transaction is a savepoint.
  savepoint: (work) => database.transaction(work)(),
});

/** The file as its one writing process uses it. */
export const consumerFile = (leased: LeasedDatabase, clock: Clock): ConsumerFile => ({
  ...consumerTables(leased.database, clock),
  write: writeUnderLease(leased),
});
