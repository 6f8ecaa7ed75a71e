/** A generation held in memory: for explaining a few rows, folded by the same code as the stored ones. */
import type { Projection, Table } from '../../projection';
import { shapeOf, tombstoneShape, type Cell, type TableShape } from './layout';
import { columnIndex } from './row-changes';
import type { Generation, StoredTable } from './sqlite-tables';

/** A table in memory. */
export interface InMemoryTable extends StoredTable {
  readonly all: () => ReadonlyArray<ReadonlyArray<Cell>>;
}

export interface InMemoryGeneration extends Generation {
  readonly view: InMemoryTable;
  readonly memory: InMemoryTable | undefined;
  readonly references: ReadonlyMap<string, InMemoryTable>;
}

/** A key as one text. */
export const keyText = (key: ReadonlyArray<Cell>): string => JSON.stringify(key);

/** An empty generation. */
export const inMemoryGeneration = (projection: Projection): InMemoryGeneration => {
  const { view, rollup, references = {} } = projection;
  return {
    number: 0,
    projection,
    view: emptyTable(view),
    memory: rollup === undefined ? undefined : emptyTable(rollup.memory),
    references: new Map(Object.entries(references).map(([name, { table }]) => [name, emptyTable(table)])),
  };
};

const emptyTable = (table: Table): InMemoryTable => ({
  ...inMemoryTable(shapeOf(table)),
  tombstones: table.removals === undefined ? undefined : inMemoryTable(tombstoneShape(table)),
});

/** An empty table. */
export const inMemoryTable = (shape: TableShape): InMemoryTable => {
  const rows = new Map<string, ReadonlyArray<Cell>>();
  return {
    shape,
    find: (key) => rows.get(keyText(key)),
    write: (row) => void rows.set(keyText(row.slice(0, shape.keyLength)), row.slice()),
    remove: (key) => void rows.delete(keyText(key)),
    rowsBy: (columns, cells) => {
      const indexes = columns.map((name) => columnIndex(shape, name));
      return [...rows.values()].filter((row) => indexes.every((index, at) => row[index] === cells[at]));
    },
    all: () => [...rows.values()],
  };
};
