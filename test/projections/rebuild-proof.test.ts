/** The comparison of two generations covers every row, however many there are. */
import * as assert from 'uvu/assert';
import { openDatabase } from '../../infra/sqlite/database';
import { type GenerationScan, scanGeneration } from '../../projections/engine/tables/scan';
import { createTables, openGeneration } from '../../projections/engine/tables/sqlite-tables';
import { compareGenerations } from '../../projections/engine/inspect/compare-tables';
import { stockLevel } from '../../projections/fulfilment/stock-level';
import { spec } from '../spec';

/** More than two pages. */
const ROWS = 10_001;

const skuOf = (index: number): string => `s${String(index).padStart(6, '0')}`;

const build = (levelOf: (index: number) => number): GenerationScan => {
  const database = openDatabase({ file: ':memory:', synchronous: 'NORMAL', migrations: [] });
  createTables(database, stockLevel, 1);
  const { view } = openGeneration(database, stockLevel, 1);
  database.transaction(() => {
    for (let index = 0; index < ROWS; index += 1) view.write([skuOf(index), levelOf(index), 0, levelOf(index), 1]);
  })();
  return scanGeneration(database, stockLevel, 1);
};

spec('a comparison of generations', ({ test }) => {
  test('reads all pages, and finds a differing row in the last one', async () => {
    const before = build((index) => index);
    const same = await compareGenerations(
      stockLevel,
      before,
      build((index) => index),
    );
    assert.equal([same.proof.equal, same.proof.rows, same.proof.rowsBefore], [true, ROWS, ROWS]);
    assert.is(same.proof.hashAfter, same.proof.hashBefore);
    const other = build((index) => (index === ROWS - 1 ? 0 : index));
    const { proof, differences } = await compareGenerations(stockLevel, before, other);
    assert.equal([proof.equal, proof.hashBefore], [false, same.proof.hashBefore]);
    assert.equal([differences?.count, differences?.rows[0]?.key], [1, skuOf(ROWS - 1)]);
  });
});
