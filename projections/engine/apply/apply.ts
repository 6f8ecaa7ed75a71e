/** Applies a batch of events to the tables of one or several generations; runs in the writer thread. */
export { applyShared, applyStorePage, generationHandler, generationHandlers, readStorePage } from './apply-batch';
export { type OpenMove, packBatch, type PackedBatch, recordsIn, transferable } from './packed-batch';
