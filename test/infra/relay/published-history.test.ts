/** Whose history is in the log: decided by the last records of its partitions, not by a single one. */
import * as assert from 'uvu/assert';
import type { Failure } from '../../../infra/consumption/intake/failures';
import { historyRefusal, type EndRecord, type HistoryState } from '../../../infra/relay/published-history';
import { spec } from '../../spec';

const record = (position: number, failureClass?: Failure['class'], partition = 0): EndRecord => ({
  topic: 'orders',
  partition,
  id: `order-${position}@1`,
  position,
  refused:
    failureClass === undefined
      ? undefined
      : { class: failureClass, reason: 'so it is', ...(failureClass === 'misplaced' ? { isUnknown: true } : {}) },
});
const foreign = (position: number, partition = 0): EndRecord => record(position, 'foreign', partition);
const misplaced = (position: number, partition = 0): EndRecord => record(position, 'misplaced', partition);

const HUGE = 9_000_000_000_000_000;

const cases: ReadonlyArray<
  readonly [sentence: string, state: Partial<HistoryState>, refused: 'store-behind' | 'other-store' | undefined]
> = [
  ['goes on where there is nothing yet', {}, undefined],
  ['goes on where everything is its own', { records: [record(1), record(2, undefined, 1)] }, undefined],
  ['refuses topics that hold only what others recorded', { records: [foreign(1)] }, 'other-store'],
  ["passes by one foreign record behind the store's own", { records: [record(1), foreign(HUGE)] }, undefined],
  [
    'refuses topics that others write to more than it does',
    { records: [record(1), ...Array.from({ length: 10 }, (_, index) => foreign(index + 1))] },
    'other-store',
  ],
  ['passes by one record with a huge position, wherever it is', { records: [record(1), misplaced(HUGE)] }, undefined],
  ['refuses a log that goes on with the next position', { records: [record(1), misplaced(11)] }, 'store-behind'],
  [
    'refuses a log that goes on behind the end, in whichever partitions',
    { records: [record(1), misplaced(40), record(2, undefined, 1), misplaced(41, 1)] },
    'store-behind',
  ],
  [
    'passes by what stands before its own events: a log is written in the order of positions',
    { records: [record(1), misplaced(11), misplaced(12), record(3)] },
    undefined,
  ],
  [
    'refuses a history that has gone on in another way from a position that both have',
    { records: [record(1), misplaced(5), misplaced(6, 1)] },
    'store-behind',
  ],
  ['refuses where its own file says that Kafka has more', { cursor: 11 }, 'store-behind'],
];

spec('the relay, before it publishes', ({ test }) => {
  for (const [sentence, state, refused] of cases) {
    test(sentence, () => {
      const found = historyRefusal({ storeId: 'store-1', lastPosition: 10, cursor: 0, records: [], ...state });
      assert.is(found?.cause, refused, found?.reason);
      if (refused !== undefined) assert.match(found?.reason ?? '', /npx tidemark store new-history/);
    });
  }
});
