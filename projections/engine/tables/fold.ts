/**
 * Folds events into rows in memory: each row that a batch touches is read once and written once, however many of its
 * events are in the batch.
 */
import type { RecordedEvent } from '../../../domain/kernel/recorded-event';
import { failureOf, type Handling, type HandlerResult } from '../../../infra/consumption/intake/intake';
import type { Contribution, Projection, RowChange } from '../../projection';
import { joinedRows } from './joined-rows';
import type { Cell } from './layout';
import { addTo, setCells } from './row-changes';
import { rowFrom } from './row-codec';
import { detailRow, type ContributionListener } from './row-id';
import type { Generation, StoredTable } from './sqlite-tables';
import { changeRow, workingRows, writeRows, type WorkingRows } from './working-rows';

/**
 * Starts a batch on a generation of a projection's tables. An event that fails with a result has changed nothing. Changed rows
 * are written by `finish`, inside the transaction in which they were read.
 * @param onContribution called by `finish` for the function to call with each contribution
 */
export const foldInto = (generation: Generation, onContribution?: () => ContributionListener | undefined): Handling => {
  const { projection, view, memory } = generation;
  const viewRows = workingRows(view);
  const { rollup } = projection;
  if (rollup !== undefined && memory !== undefined)
    return foldSums(rollup, viewRows, generation, memory, onContribution);
  const { compute } = projection;
  const joined = joinedRows(generation);
  return {
    handle: (event) =>
      applyTo((reference) => (reference === undefined ? viewRows : joined.of(reference)), projection, event),
    finish: () => {
      const notify = projection.references === undefined ? undefined : onContribution?.();
      for (const { cells, exists } of viewRows.changed()) {
        if (!exists) continue;
        joined.fill(cells);
        // Computed columns are updated once per batch, from the row at its end.
        if (compute !== undefined) setCells(view.shape, cells, compute(rowFrom(view.shape.columns, cells)));
        if (notify !== undefined) joined.notify(cells, notify);
      }
      writeRows(viewRows);
      joined.write();
    },
  };
};

const foldSums = (
  { contribution }: NonNullable<Projection['rollup']>,
  viewRows: WorkingRows,
  { projection }: Generation,
  memory: StoredTable,
  onContribution?: () => ContributionListener | undefined,
): Handling => {
  const memoryRows = workingRows(memory);
  return {
    handle: (event) => applyTo(() => memoryRows, projection, event),
    finish: () => {
      const notify = onContribution?.();
      const contribute = (cells: ReadonlyArray<Cell>, sign: 1 | -1): void => {
        const added = contribution(rowFrom(memory.shape.columns, cells));
        if (added === undefined) return;
        addContribution(viewRows, added, sign);
        notify?.(detailRow(cells.slice(0, memory.shape.keyLength)), added.key);
      };
      for (const { before, cells, exists } of memoryRows.changed()) {
        if (before !== undefined) contribute(before, -1);
        if (exists) contribute(cells, 1);
      }
      writeRows(memoryRows);
      writeSums(viewRows);
    },
  };
};

/** The projection is pure: when it throws, nothing has changed yet. */
const applyTo = (
  rowsOf: (reference: string | undefined) => WorkingRows,
  { project }: Projection,
  event: RecordedEvent,
): HandlerResult => {
  let changes: ReadonlyArray<RowChange>;
  try {
    changes = project(event);
  } catch (error) {
    return failureOf(error);
  }
  if (changes.length === 0) return 'not-applicable';
  let isChanged = false;
  for (const change of changes) isChanged = changeRow(rowsOf(change.in), change) || isChanged;
  return isChanged ? 'applied' : 'skipped';
};

// -------------------------------------------------------------------------------------
// Changes
// -------------------------------------------------------------------------------------

const addContribution = (rows: WorkingRows, contribution: Contribution, sign: 1 | -1): void => {
  const row = rows.at(contribution.key);
  for (const name in contribution.add) {
    addTo(rows.table.shape, row.cells, name, sign * (contribution.add[name] ?? 0));
  }
  row.exists = true;
  row.isChanged = true;
};

// -------------------------------------------------------------------------------------
// Writing
// -------------------------------------------------------------------------------------

/** Removes rows to which nothing contributes any more. */
const writeSums = (rows: WorkingRows): void => {
  const { keyLength } = rows.table.shape;
  for (const { before, cells } of rows.changed()) {
    if (cells.slice(keyLength).some((cell) => cell !== 0)) rows.table.write(cells);
    else if (before !== undefined) rows.table.remove(cells.slice(0, keyLength));
  }
};
