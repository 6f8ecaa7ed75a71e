/** How one row of a view is laid out, stored, folded and scanned. */
export { foldInto } from './fold';
export {
  type Cell,
  detailTable,
  keyCells,
  keyNames,
  quoted,
  quotedList,
  shapeOf,
  type TableShape,
  viewTable,
} from './layout';
export { inMemoryGeneration, type InMemoryGeneration, inMemoryTable, keyText } from './in-memory-tables';
export { cellFrom, type CodecColumn, rowFrom, sqlTypeOf, valueOf, valuesFrom } from './row-codec';
export { type ContributionListener, detailRow, referenceRow, viewRow } from './row-id';
export { cellOf, cellsOfKey } from './row-key';
export { columnsOf, type GenerationScan, rowCursor, type RowCursor, scanGeneration, type TableScan } from './scan';
export {
  createIndexes,
  createTables,
  dropTables,
  type Generation,
  openGeneration,
  ownerRole,
  type StoredTable,
  tablesOf,
} from './sqlite-tables';
export { type StaleRows, staleRowsOf, type StaleSums, staleSums } from './stale-rows';
