/**
 * The port to a consumer's own file: checkpoints, dead letters, parked events, and the status for other processes, all written in
 * one transaction with the consumer's effects. Any implementation has to pass the contract in test/infra/consumer-file.
 */
import type { Checkpoints, NoteOffsetMove, OffsetRequests } from '../../consumption/checkpoints/checkpoints';
import type { Quarantine, TrippedBreakers } from '../../consumption/intake/intake';
import type { GroupStatus } from '../../consumption/status/status';
import type { DeadLetterRows, DefectLog, ParkedEvents } from '../store/store';
import type { DeadLetterCopies } from '../topic/topic';
import type { NoteFailedRequest } from './failed-requests';
import type { RedriveRows, RequestCursor } from './redrives';

/** Runs work atomically: a throw rolls back what it has written. */
export type Transaction = <Result>(work: () => Result) => Result;

/** The tables of dead letters. Calls that write belong inside a transaction. */
export interface DeadLetterTables {
  readonly quarantine: Quarantine;
  readonly letters: DeadLetterRows;
  readonly parked: ParkedEvents;
  readonly breakers: TrippedBreakers;
  readonly redrives: RedriveRows;
  /** The last of the operators' requests that was processed. */
  readonly requests: RequestCursor;
  readonly noteFailedRequest: NoteFailedRequest;
  readonly copies: DeadLetterCopies;
  readonly defects: DefectLog;
  /** Inside a transaction: a throw rolls back the work, but not the transaction. */
  readonly savepoint: Transaction;
}

/** The tables of a consumer's file. Calls that write belong inside a transaction. */
export interface ConsumerTables extends DeadLetterTables {
  readonly checkpoints: Checkpoints;
  readonly writeStatus: (status: GroupStatus) => void;
  readonly offsetRequests: OffsetRequests;
  readonly noteOffsetMove: NoteOffsetMove;
}

/** The file as its one writing process uses it. */
export interface ConsumerFile extends ConsumerTables {
  /** One transaction that only the holder of the lease can commit. Throws LeaseLost, and has written nothing then. */
  readonly write: Transaction;
}
