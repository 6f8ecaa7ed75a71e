/** A batch for several generations: each gets the records between its own offsets, and no others. */
import * as E from 'fp-ts/Either';
import * as assert from 'uvu/assert';
import { noCounts } from '../../infra/consumption/status/outcome-counts';
import type { EventIntake } from '../../infra/consumption/intake/take-batch';
import { openDatabase } from '../../infra/sqlite/database';
import { applyShared, generationHandler } from '../../projections/engine/apply/apply-batch';
import { createTables, openGeneration } from '../../projections/engine/tables/sqlite-tables';
import { packBatch, type OpenMove } from '../../projections/engine/apply/packed-batch';
import { stockLevel } from '../../projections/fulfilment/stock-level';
import { spec } from '../spec';
import { LOG_ID } from './views-fixture';

const move = (partition: number, fromOffset: number, nextOffset: number): OpenMove => ({
  topic: 'stock',
  partition,
  logId: LOG_ID,
  fromLogId: LOG_ID,
  fromOffset,
  nextOffset,
});

const record = (partition: number, offset: number) => ({
  topic: 'stock',
  partition,
  offset,
  key: null,
  value: Buffer.from(`${partition}:${offset}`),
  headers: [],
  timestampMs: 0,
});

spec('a shared batch', ({ test }) => {
  test('is read once, and applied to each between its own offsets', () => {
    const database = openDatabase({ file: ':memory:', synchronous: 'NORMAL', migrations: [] });
    createTables(database, stockLevel, 1);
    const generation = openGeneration(database, stockLevel, 1);
    const to = (consumer: string) => generationHandler({ consumer, topics: new Set(['stock']), generation });
    const taken: Record<string, string[]> = {};
    let reads = 0;
    const unused = (): never => {
      throw new Error('nobody asks for that');
    };
    const intake: EventIntake = {
      records: unused,
      events: unused,
      read: ({ topic, partition, offset, value }) => {
        reads += 1;
        return {
          topic,
          partition,
          offset,
          origin: unused,
          event: E.left({ class: 'malformed', reason: String(value) }),
          position: null,
        };
      },
      incoming: ({ consumer }, { moves, incoming }) => {
        for (const { event, partition } of incoming) {
          (taken[consumer] ??= []).push(
            `${E.isLeft(event) ? event.left.reason : ''} of ${moves.find((move) => move.partition === partition)?.partition ?? '?'}`,
          );
        }
        return noCounts();
      },
    };
    const records = [record(0, 4), record(0, 5), record(1, 0), record(0, 6)];
    applyShared(
      intake,
      [
        { to: to('behind'), moves: [move(1, 0, 1), move(0, 4, 6)] },
        { to: to('ahead'), moves: [move(0, 6, 7)] },
      ],
      packBatch({ records, moves: [move(0, 4, 7), move(1, 0, 1)] }),
    );
    assert.is(reads, 4);
    assert.equal(taken, { behind: ['0:4 of 0', '0:5 of 0', '1:0 of 1'], ahead: ['0:6 of 0'] });
    database.close();
  });
});
