/** What becomes of each event of a batch: dropped as a duplicate, applied, dead-lettered, or parked. */
export { repeatable, type RecordBatch, type StorePage, type StorePageQuery } from './batches';
export type { EventHandler, Handling } from './event-handler';
export {
  type BreakerPolicy,
  type CircuitBreakers,
  circuitBreakersOf,
  CircuitOpen,
  defaultBreakerPolicy,
  NotThisLog,
  type TrippedBreakers,
} from './failure-rate-limit';
export {
  defaultRetryPolicy,
  type Failure,
  type FailureClass,
  failureClasses,
  failureOf,
  failurePolicies,
  fingerprintOf,
  type HandlerResult,
  isAttributable,
  type RetryPolicy,
  TransientEventError,
} from './failures';
export {
  addDigest,
  addIdentity,
  digestText,
  emptyDigest,
  type IdentityDigest,
  sameDigest,
  type ReceivedEvents,
} from './identity-digest';
export { type IncomingRecord, rawEvent, readingOf } from './incoming-events';
export { placeCheck, type PlaceCheck, type PlaceRefusal } from './place-check';
export type { FailedEvent, Quarantine } from './quarantine-port';
export type { StoreFacts, StoreFactsWithStreams } from './store-facts';
export { originInStore } from './store-origin';
export { eventIntake, type EventIntake } from './take-batch';
export { transactionFacts, type TransactionFacts } from './transaction-facts';
