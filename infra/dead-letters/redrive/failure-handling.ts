/** Everything about failures in one consumer's file: the intake that creates them, and the desk that deals with them. */
import type { Catalog } from '../../../domain/kernel/aggregate';
import type { Checkpoints } from '../../consumption/checkpoints/checkpoints';
import {
  defaultBreakerPolicy,
  type BreakerPolicy,
  circuitBreakersOf,
  type CircuitBreakers,
  eventIntake,
  type EventIntake,
  type StoreFactsWithStreams,
  type Quarantine,
} from '../../consumption/intake/intake';
import type { DefectLog } from '../store/store';
import type { DeadLetterCopies } from '../topic/topic';
import type { DeadLetterTables } from './consumer-file';
import { operatorRequestProcessor, type OperatorRequestProcessor, type OtherRequests } from './process-requests';

export interface DeadLetterHandlingOptions {
  readonly tables: DeadLetterTables & { readonly checkpoints: Checkpoints };
  readonly catalog: Catalog;
  /** The store, as far as the transaction that runs may ask it. */
  readonly store: () => StoreFactsWithStreams;
  readonly breakerPolicy?: BreakerPolicy;
  /** What else operators may ask of the role that owns the file. */
  readonly otherRequests?: OtherRequests;
}

export interface DeadLetterHandling {
  readonly quarantine: Quarantine;
  readonly intake: EventIntake;
  readonly breakers: CircuitBreakers;
  readonly desk: OperatorRequestProcessor;
  readonly copies: DeadLetterCopies;
  readonly defects: DefectLog;
}

/** Everything about failures, on what a consumer's file keeps of them. */
export const deadLetterHandling = (options: DeadLetterHandlingOptions): DeadLetterHandling => {
  const { tables, breakerPolicy = defaultBreakerPolicy } = options;
  const { quarantine, copies, defects, savepoint, checkpoints } = tables;
  const breakers = circuitBreakersOf(tables.breakers, breakerPolicy);
  return {
    quarantine,
    breakers,
    intake: eventIntake({ ...options, checkpoints, quarantine, savepoint, breakerOf: breakers.of }),
    desk: operatorRequestProcessor(options),
    copies,
    defects,
  };
};
