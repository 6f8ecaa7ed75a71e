/** A build whose rows live in memory: for the few rows that somebody wants explained, folded by the same code. */
import type { Projection } from '../../projection';
import type { Generation, StoredTable } from './sqlite-tables';
import { shapeOf, type Cell, type TableShape } from './layout';

/** A table in memory. */
export interface HeapTable extends StoredTable {
  readonly all: () => ReadonlyArray<ReadonlyArray<Cell>>;
}

export interface HeapGeneration extends Generation {
  readonly view: HeapTable;
  readonly memory: HeapTable | undefined;
}

/** A key as one text. */
export const keyText = (key: ReadonlyArray<Cell>): string => JSON.stringify(key);

/** An empty build. */
export const heapGeneration = (projection: Projection): HeapGeneration => ({
  number: 0,
  projection,
  view: heapTable(shapeOf(projection.view)),
  memory: projection.rollup === undefined ? undefined : heapTable(shapeOf(projection.rollup.memory)),
});

/** An empty table. */
export const heapTable = (shape: TableShape): HeapTable => {
  const rows = new Map<string, ReadonlyArray<Cell>>();
  return {
    shape,
    find: (key) => rows.get(keyText(key)),
    write: (row) => void rows.set(keyText(row.slice(0, shape.keyLength)), row.slice()),
    remove: (key) => void rows.delete(keyText(key)),
    all: () => [...rows.values()],
  };
};
