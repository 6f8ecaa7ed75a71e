/**
 * Folds events into rows in memory: each row that a batch touches is read once and written once, however many of its
 * events are in the batch.
 */
import type { RecordedEvent } from '../../../domain/kernel/recorded-event';
import { failureOf, type Handling, type HandlerResult } from '../../../infra/consumption/intake/intake';
import type { Contribution, Projection, Row, Upsert } from '../../projection';
import type { Generation, StoredTable } from './sqlite-tables';
import { addTo, applyUpsert, setCells } from './row-changes';
import { cellFrom, rowFrom } from './row-codec';
import type { Cell } from './layout';

/** Called for each changed detail row with each row of the view that it contributed to before, or contributes to now. */
export type ContributionListener = (detailRow: ReadonlyArray<Cell>, viewKey: Row) => void;

/**
 * Starts a batch on a generation of a projection's tables. An event that fails with a result has changed nothing. Changed rows
 * are written by `finish`, inside the transaction in which they were read.
 * @param onContribution called by `finish` for the function to call with each contribution
 */
export const foldInto = (
  { projection, view, memory }: Generation,
  onContribution?: () => ContributionListener | undefined,
): Handling => {
  const viewRows = workingRows(view);
  const { rollup } = projection;
  if (rollup === undefined || memory === undefined) {
    return {
      handle: (event) => applyTo(viewRows, projection, event),
      finish: () => {
        if (projection.compute !== undefined) computeRows(viewRows, projection.compute);
        writeRows(viewRows);
      },
    };
  }
  const memoryRows = workingRows(memory);
  return {
    handle: (event) => applyTo(memoryRows, projection, event),
    finish: () => {
      const notify = onContribution?.();
      const contribute = (cells: ReadonlyArray<Cell>, sign: 1 | -1): void => {
        const contribution = rollup.contribution(rowFrom(memory.shape.columns, cells));
        if (contribution === undefined) return;
        addContribution(viewRows, contribution, sign);
        notify?.(cells, contribution.key);
      };
      for (const { before, cells } of memoryRows.changed()) {
        if (before !== undefined) contribute(before, -1);
        contribute(cells, 1);
      }
      writeRows(memoryRows);
      writeSums(viewRows);
    },
  };
};

/** The projection is pure: when it throws, nothing has changed yet. */
const applyTo = (rows: WorkingRows, { project }: Projection, event: RecordedEvent): HandlerResult => {
  let upserts: ReadonlyArray<Upsert>;
  try {
    upserts = project(event);
  } catch (error) {
    return failureOf(error);
  }
  if (upserts.length === 0) return 'not-applicable';
  let isChanged = false;
  for (const upsert of upserts) {
    const row = rows.at(upsert.key);
    if (!applyUpsert(rows.table.shape, row.cells, upsert)) continue;
    row.isChanged = true;
    isChanged = true;
  }
  return isChanged ? 'applied' : 'skipped';
};

// -------------------------------------------------------------------------------------
// Rows in memory
// -------------------------------------------------------------------------------------

interface WorkingRow {
  /** The stored row; undefined for a new one. */
  readonly before: ReadonlyArray<Cell> | undefined;
  readonly cells: Cell[];
  isChanged: boolean;
}

interface WorkingRows {
  readonly table: StoredTable;
  /** The row under a key, read from the table at first use. */
  readonly at: (key: Row) => WorkingRow;
  readonly changed: () => ReadonlyArray<WorkingRow>;
}

const workingRows = (table: StoredTable): WorkingRows => {
  const rows = new Map<string, WorkingRow>();
  const keys = table.shape.columns.slice(0, table.shape.keyLength);
  return {
    table,
    at: (key) => {
      const cells = keys.map((column) => cellFrom(column, key[column.name]));
      const id = cells.length === 1 ? String(cells[0]) : JSON.stringify(cells);
      const known = rows.get(id);
      if (known !== undefined) return known;
      const before = table.find(cells);
      const row = { before, cells: before?.slice() ?? [...cells, ...table.shape.initial], isChanged: false };
      rows.set(id, row);
      return row;
    },
    changed: () => [...rows.values()].filter(({ isChanged }) => isChanged),
  };
};

// -------------------------------------------------------------------------------------
// Changes
// -------------------------------------------------------------------------------------

const addContribution = (rows: WorkingRows, contribution: Contribution, sign: 1 | -1): void => {
  const row = rows.at(contribution.key);
  for (const name in contribution.add) {
    addTo(rows.table.shape, row.cells, name, sign * (contribution.add[name] ?? 0));
  }
  row.isChanged = true;
};

// -------------------------------------------------------------------------------------
// Writing
// -------------------------------------------------------------------------------------

/** Computed columns are updated once per batch, from the row at its end. */
const computeRows = (rows: WorkingRows, compute: NonNullable<Projection['compute']>): void => {
  const { shape } = rows.table;
  for (const { cells } of rows.changed()) setCells(shape, cells, compute(rowFrom(shape.columns, cells)));
};

const writeRows = (rows: WorkingRows): void => {
  for (const { cells } of rows.changed()) rows.table.write(cells);
};

/** Removes rows to which nothing contributes any more. */
const writeSums = (rows: WorkingRows): void => {
  const { keyLength } = rows.table.shape;
  for (const { before, cells } of rows.changed()) {
    if (cells.slice(keyLength).some((cell) => cell !== 0)) rows.table.write(cells);
    else if (before !== undefined) rows.table.remove(cells.slice(0, keyLength));
  }
};
