/**
 * A consumer's own file, as the engine uses it: checkpoints, dead letters, what is parked, and the status that others read, in
 * one transaction with the effects, whatever these are. A store of another kind implements it; test/infra/consumer-file holds
 * the contract.
 */
import type { Checkpoints, NoteOffsetMove, OffsetRequests } from '../../consumption/checkpoints/checkpoints';
import type { Quarantine, TrippedBreakers } from '../../consumption/intake/intake';
import type { GroupStatus } from '../../consumption/status/status';
import type { DeadLetterRows, DefectLog, ParkedEvents } from '../store/store';
import type { DeadLetterCopies } from '../topic/topic';
import type { NoteFailedRequest } from './failed-requests';
import type { RedriveRows, RequestCursor } from './redrives';

/** Runs work, all of it or nothing: a throw takes back what it has written. */
export type Transaction = <Result>(work: () => Result) => Result;

/** What a file keeps of dead letters. Calls that write belong inside a transaction. */
export interface DeadLetterTables {
  readonly quarantine: Quarantine;
  readonly letters: DeadLetterRows;
  readonly parked: ParkedEvents;
  readonly breakers: TrippedBreakers;
  readonly redrives: RedriveRows;
  /** How far operators' requests are carried out. */
  readonly requests: RequestCursor;
  readonly noteFailedRequest: NoteFailedRequest;
  readonly copies: DeadLetterCopies;
  readonly defects: DefectLog;
  /** Inside a transaction: a throw takes back the work, and not the transaction. */
  readonly savepoint: Transaction;
}

/** What a file keeps of its consumers. Calls that write belong inside a transaction. */
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
