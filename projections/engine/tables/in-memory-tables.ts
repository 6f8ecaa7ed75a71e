/** A generation held in memory: for explaining a few rows, folded by the same code as the stored ones. */
import type { Projection } from '../../projection';
import type { Generation, StoredTable } from './sqlite-tables';
import { shapeOf, type Cell, type TableShape } from './layout';

/** A table in memory. */
export interface InMemoryTable extends StoredTable {
  readonly all: () => ReadonlyArray<ReadonlyArray<Cell>>;
}

export interface InMemoryGeneration extends Generation {
  readonly view: InMemoryTable;
  readonly memory: InMemoryTable | undefined;
}

/** A key as one text. */
export const keyText = (key: ReadonlyArray<Cell>): string => JSON.stringify(key);

/** An empty generation. */
export const inMemoryGeneration = (projection: Projection): InMemoryGeneration => ({
  number: 0,
  projection,
  view: inMemoryTable(shapeOf(projection.view)),
  memory: projection.rollup === undefined ? undefined : inMemoryTable(shapeOf(projection.rollup.memory)),
});

/** An empty table. */
export const inMemoryTable = (shape: TableShape): InMemoryTable => {
  const rows = new Map<string, ReadonlyArray<Cell>>();
  return {
    shape,
    find: (key) => rows.get(keyText(key)),
    write: (row) => void rows.set(keyText(row.slice(0, shape.keyLength)), row.slice()),
    remove: (key) => void rows.delete(keyText(key)),
    all: () => [...rows.values()],
  };
};
