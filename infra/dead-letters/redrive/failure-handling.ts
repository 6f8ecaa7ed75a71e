/** Everything about failures in one consumer's file: the intake that creates them, and the desk that deals with them. */
import type { Catalog } from '../../../domain/kernel/aggregate';
import type { Clock } from '../../clock';
import type { Checkpoints } from '../../consumption/checkpoints/checkpoints';
import {
  defaultBreakerPolicy,
  type BreakerPolicy,
  eventIntake,
  type EventIntake,
  type StoreFactsWithStreams,
  type Quarantine,
} from '../../consumption/intake/intake';
import type { Database } from '../../sqlite/database';
import { circuitBreakersOf, type CircuitBreakers, defectLog, type DefectLog, quarantineOf } from '../store/store';
import { deadLetterCopies, type DeadLetterCopies } from '../topic/topic';
import { operatorRequestProcessor, type OperatorRequestProcessor, type OtherRequests } from './process-requests';

export interface DeadLetterHandlingOptions {
  /** A file that has the dead letters' migration. */
  readonly database: Database;
  readonly catalog: Catalog;
  readonly clock: Clock;
  readonly checkpoints: Checkpoints;
  /** The store, as far as the transaction that runs may ask it. */
  readonly store: () => StoreFactsWithStreams;
  readonly breakerPolicy?: BreakerPolicy;
  /** What else operators may ask of the role that owns the file. */
  readonly otherRequests?: OtherRequests;
  /** Where people's decisions are kept, if in another file. */
  readonly isDiscarded?: Quarantine['isDiscarded'] | undefined;
}

export interface DeadLetterHandling {
  readonly quarantine: Quarantine;
  readonly intake: EventIntake;
  readonly breakers: CircuitBreakers;
  readonly desk: OperatorRequestProcessor;
  readonly copies: DeadLetterCopies;
  readonly defects: DefectLog;
}

/** Prepares it. */
export const deadLetterHandling = (options: DeadLetterHandlingOptions): DeadLetterHandling => {
  const { database, clock, breakerPolicy = defaultBreakerPolicy } = options;
  const quarantine = quarantineOf(database, clock, options.isDiscarded);
  const breakers = circuitBreakersOf(database, clock, breakerPolicy);
  // Inside a transaction this is a savepoint.
  const savepoint = <Result>(work: () => Result): Result => database.transaction(work)();
  return {
    quarantine,
    breakers,
    intake: eventIntake({ ...options, quarantine, savepoint, breakerOf: breakers.of }),
    desk: operatorRequestProcessor({ ...options, quarantine, savepoint }),
    copies: deadLetterCopies(database, clock),
    defects: defectLog(database),
  };
};
