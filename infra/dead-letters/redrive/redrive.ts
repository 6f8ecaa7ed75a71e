/** Redriving dead letters: operators' requests, plans, and the redrive of one stream after another. */
export type { ConsumerFile, ConsumerTables, DeadLetterTables, Transaction } from './consumer-file';
export type { FailedRequest, NoteFailedRequest } from './failed-requests';
export { deadLetterHandling, type DeadLetterHandling, type DeadLetterHandlingOptions } from './dead-letter-handling';
export { previewOf, RedrivePreview } from './preview';
export { NOTHING_TO_DO, type RedriveStep } from './process-requests';
export { batchSizes, type RedriveRows, type RedriveState, type RequestCursor, type RunningRedrive } from './redrives';
export { type DeadLetterRequest, MAX_EVENTS_PER_SECOND, PositiveInteger, readDeadLetterRequest } from './requests';
export { type DeadLetterCalls, processOperatorRequests } from './runner';
