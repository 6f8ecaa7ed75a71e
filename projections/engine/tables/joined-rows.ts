/** Joins the rows of a view with the references of its projection, so that each row shows what the references hold now. */
import type { Projection } from '../../projection';
import { columnIndex, setCells } from './row-changes';
import { rowFrom } from './row-codec';
import { referenceRow, type ContributionListener } from './row-id';
import type { Cell } from './layout';
import type { Generation, StoredTable } from './sqlite-tables';
import { workingRows, writeRows, type WorkingRow, type WorkingRows } from './working-rows';

/** The references of a generation while a batch is applied. */
export interface JoinedRows {
  /** The rows of a reference. Throws where there is none of that name. */
  readonly of: (reference: string) => WorkingRows;
  /** Fills the joined columns of a row. */
  readonly fill: (cells: Cell[]) => void;
  /** Tells which rows of the references a row is joined with. */
  readonly notify: (cells: ReadonlyArray<Cell>, listener: ContributionListener) => void;
  /** Writes the references, then every stored row that a changed one is joined with. Call after the view's own changes are written. */
  readonly write: () => void;
}

interface Join {
  readonly name: string;
  readonly rows: WorkingRows;
  readonly on: ReadonlyArray<string>;
  /** Where the view holds the reference's key. */
  readonly keyIndexes: ReadonlyArray<number>;
  /** Pairs of a column of the view and the one of the reference that it shows. */
  readonly shown: ReadonlyArray<readonly [to: number, from: number]>;
}

/** Begins a batch on the references. */
export const joinedRows = ({ projection, view, references }: Generation): JoinedRows => {
  const joins = Object.entries(projection.references ?? {}).map(([name, { on, columns }]): Join => {
    const table = references.get(name);
    if (table === undefined) throw new Error(`${projection.name} has no table for its reference ${name}`);
    return {
      name,
      rows: workingRows(table),
      on,
      keyIndexes: on.map((column) => columnIndex(view.shape, column)),
      shown: Object.entries(columns).map(([to, from]) => [columnIndex(view.shape, to), columnIndex(table.shape, from)]),
    };
  });
  const fill = (cells: Cell[]): void => {
    for (const join of joins) fillFrom(join, cells);
  };
  return {
    of: (reference) => {
      const join = joins.find(({ name }) => name === reference);
      if (join === undefined) throw new Error(`${projection.name} has no reference '${reference}'`);
      return join.rows;
    },
    fill,
    notify: (cells, listener) => {
      const key = rowFrom(view.shape.columns.slice(0, view.shape.keyLength), cells);
      for (const { name, keyIndexes } of joins)
        listener(
          referenceRow(
            name,
            keyIndexes.map((index) => cells[index] ?? null),
          ),
          key,
        );
    },
    write: () => {
      const changed = joins.map(
        (join) => [join, join.rows.changed().filter((row) => showsAnother(join, row))] as const,
      );
      for (const { rows } of joins) writeRows(rows);
      for (const [join, rows] of changed) {
        for (const { cells } of rows) rejoin(view, projection, join, cells.slice(0, join.keyIndexes.length), fill);
      }
    },
  };
};

const fillFrom = ({ rows, keyIndexes, shown }: Join, cells: Cell[]): void => {
  const key = keyIndexes.map((index) => cells[index] ?? null);
  const found = key.includes(null) ? undefined : rows.atCells(key);
  for (const [to, from] of shown) cells[to] = (found?.exists === true ? found.cells[from] : undefined) ?? null;
};

/** Whether rows that are joined with it show something else than before. */
const showsAnother = ({ shown }: Join, { before, cells, exists }: WorkingRow): boolean =>
  shown.some(([, from]) => (before?.[from] ?? null) !== (exists ? (cells[from] ?? null) : null));

/** Every stored row that is joined with one row of a reference. */
const rejoin = (
  view: StoredTable,
  { compute }: Pick<Projection, 'compute'>,
  { on }: Join,
  key: ReadonlyArray<Cell>,
  fill: (cells: Cell[]) => void,
): void => {
  for (const stored of view.rowsBy(on, key)) {
    const cells = stored.slice();
    fill(cells);
    if (compute !== undefined) setCells(view.shape, cells, compute(rowFrom(view.shape.columns, cells)));
    if (cells.some((cell, index) => cell !== stored[index])) view.write(cells);
  }
};
