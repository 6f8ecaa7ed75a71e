/** How one row of a view is laid out, stored, folded and scanned. */
export { type ContributionListener, foldInto } from './fold';
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
export { cellOf, cellsOfKey } from './row-key';
export { columnsOf, type GenerationScan, rowCursor, type RowCursor, scanGeneration, type TableScan } from './scan';
export {
  createIndexes,
  createTables,
  dropTables,
  type Generation,
  openGeneration,
  type StoredTable,
  tablesOf,
} from './sqlite-tables';
export { detailRow, type StaleRows, staleRowsOf, type StaleSums, staleSums, viewRow } from './stale-rows';
