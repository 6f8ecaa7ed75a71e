/** Verification and explanation: compares tables with the store, and finds the events that changed a row. */
export { compareGenerations, type RebuildProof } from './compare-tables';
export { differenceCauses } from './explain-differences';
export { type RowExplanation, rowExplanations } from './explain-row';
export { type RowAddress, rowEvents, type RowEvents, seenBy } from './find-row-events';
export { lastPositionAt } from './position-at-time';
export { rowHistory, type RowHistory } from './row-history';
export { compareWithStore, storeDifferences, type StoreProof } from './store-proof';
export { NotVerifiable, type Verification, verifyProjection } from './verify';
