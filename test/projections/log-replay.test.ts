/** Replaying a log exactly between two offsets: whatever a poll returns, only the records in between are applied. */
import * as assert from 'uvu/assert';
import { OffsetOutOfRange, type LogConsumer, type LogRecord } from '../../infra/kafka/event-log';
import type { OpenMove } from '../../projections/engine/apply/packed-batch';
import { replayLog, ReplayImpossible, type ReplayPartition } from '../../projections/engine/rebuild/replay-log';
import { spec } from '../spec';
import { LOG_ID } from './views-fixture';
import { ownClock } from '../support/test-clock';

const record = (partition: number, offset: number): LogRecord => ({
  topic: 'orders',
  partition,
  offset,
  key: null,
  value: null,
  headers: [],
  timestampMs: 0,
});

const place = (partition: number, nextOffset: number, untilOffset: number): ReplayPartition => ({
  topic: 'orders',
  partition,
  logId: LOG_ID,
  nextOffset,
  untilOffset,
});

type Poll = ReadonlyArray<readonly [partition: number, offset: number]> | Error;

/** A consumer whose polls return the given results, and then nothing. */
const scripted = (polls: ReadonlyArray<Poll>): { consumer: LogConsumer; assigned: unknown[]; polled: () => number } => {
  const assigned: unknown[] = [];
  let polled = 0;
  const consumer: LogConsumer = {
    assign: (from) => void assigned.push(...from),
    poll: async () => {
      const poll = polls[polled] ?? [];
      polled += 1;
      await ownClock.sleep(1);
      if (poll instanceof Error) throw poll;
      return poll.map(([partition, offset]) => record(partition, offset));
    },
    gaps: () => [],
    watermarks: async () => Promise.resolve({ low: 0, high: 3 }),
    close: async () => Promise.resolve(),
  };
  return { consumer, assigned, polled: () => polled };
};

interface Replayed {
  readonly records: ReadonlyArray<string>;
  readonly moves: ReadonlyArray<string>;
}

const told = (moves: ReadonlyArray<OpenMove> = []): ReadonlyArray<string> =>
  moves.map(({ partition, fromOffset, nextOffset }) => `${partition}: ${fromOffset} to ${nextOffset}`);

const places = (records: ReadonlyArray<LogRecord>): ReadonlyArray<string> =>
  records.map(({ partition, offset }) => `${partition}:${offset}`);

const replay = async (
  consumer: LogConsumer,
  partitions: ReadonlyArray<ReplayPartition>,
  options: { readonly signal?: AbortSignal; readonly onApply?: () => Promise<void> } = {},
): Promise<ReadonlyArray<Replayed>> => {
  const batches: Replayed[] = [];
  await replayLog({
    consumer,
    clock: ownClock,
    readers: [{ partitions, signal: options.signal ?? new AbortController().signal }],
    prepare: (records, shares) => async () => {
      batches.push({ records: places(records), moves: told(shares[0]?.moves) });
      await options.onApply?.();
    },
  });
  return batches;
};

spec('a replay', ({ test }) => {
  test('begins at the next offset of each partition and ends before its end', async () => {
    const polls: ReadonlyArray<Poll> = [
      [
        [0, 5],
        [1, 0],
        [0, 6],
      ],
      [],
      [
        [0, 7],
        [1, 1],
        [1, 2],
      ],
    ];
    const { consumer, assigned } = scripted(polls);
    const batches = await replay(consumer, [place(0, 5, 7), place(1, 0, 2), place(2, 4, 4)]);
    assert.equal(assigned, [
      { topic: 'orders', partition: 0, offset: 5 },
      { topic: 'orders', partition: 1, offset: 0 },
    ]);
    assert.equal(batches, [
      { records: ['0:5', '1:0', '0:6'], moves: ['0: 5 to 7', '1: 0 to 1'] },
      { records: ['1:1'], moves: ['1: 1 to 2'] },
    ]);
  });

  test('skips earlier records, and partitions that no reader needs', async () => {
    const { consumer } = scripted([
      [
        [0, 3],
        [0, 4],
        [3, 0],
        [0, 4],
      ],
    ]);
    assert.equal(await replay(consumer, [place(0, 4, 5)]), [{ records: ['0:4'], moves: ['0: 4 to 5'] }]);
  });

  test('is at the end when a record beyond it comes, whatever offsets the log skips', async () => {
    const { consumer } = scripted([[[0, 1]], [[0, 9]]]);
    assert.equal(await replay(consumer, [place(0, 0, 5)]), [
      { records: ['0:1'], moves: ['0: 0 to 2'] },
      { records: [], moves: ['0: 2 to 5'] },
    ]);
  });

  test('applies one batch at a time, and none after one that failed', async () => {
    const { consumer, polled } = scripted([[[0, 0]], [[0, 1]], [[0, 2]]]);
    let applied = 0;
    const onApply = async (): Promise<void> => {
      applied += 1;
      await ownClock.sleep(20);
      throw new Error('the disk is full');
    };
    await replay(consumer, [place(0, 0, 3)], { onApply }).then(
      () => assert.unreachable(),
      (error: unknown) => assert.match(String(error), /the disk is full/),
    );
    assert.equal([applied, polled()], [1, 2]);
  });

  test('ends at the signal after the current batch is applied', async () => {
    const stopping = new AbortController();
    const onApply = async (): Promise<void> => {
      stopping.abort();
      return Promise.resolve();
    };
    const { consumer } = scripted([[[0, 0]], [[0, 1]]]);
    const batches = await replay(consumer, [place(0, 0, 3)], { signal: stopping.signal, onApply });
    assert.is(batches.length, 1);
  });

  test('reads once for several readers, each from its own offset to its own end', async () => {
    const { consumer, assigned } = scripted([
      [
        [0, 0],
        [0, 1],
      ],
      [
        [0, 2],
        [1, 0],
        [0, 3],
        [0, 4],
      ],
    ]);
    const leaving = new AbortController();
    const signal = new AbortController().signal;
    const batches: unknown[] = [];
    await replayLog({
      consumer,
      clock: ownClock,
      readers: [
        { name: 'ahead', partitions: [place(0, 2, 4)], signal },
        { name: 'behind', partitions: [place(0, 0, 3), place(1, 0, 1)], signal },
        { name: 'leaving', partitions: [place(0, 0, 9)], signal: leaving.signal },
      ],
      prepare: (records, shares) => async () => {
        batches.push([places(records), ...shares.map(({ reader, moves }) => [reader.name, ...told(moves)])]);
        leaving.abort();
        return Promise.resolve();
      },
    });
    assert.equal(assigned, [
      { topic: 'orders', partition: 0, offset: 0 },
      { topic: 'orders', partition: 1, offset: 0 },
    ]);
    assert.equal(batches, [
      [
        ['0:0', '0:1'],
        ['behind', '0: 0 to 2'],
        ['leaving', '0: 0 to 2'],
      ],
      [
        ['0:2', '1:0', '0:3'],
        ['ahead', '0: 2 to 4'],
        ['behind', '0: 2 to 3', '1: 0 to 1'],
      ],
    ]);
  });

  test('is impossible where the log lacks the offset, and where no records come before its end', async () => {
    const gone = scripted([new OffsetOutOfRange('orders', 0, 'offset 0 is gone')]);
    const short = scripted([]);
    for (const [{ consumer }, reason] of [
      [gone, /offset 0 is gone/],
      [short, /from offset 0 to 9, but the log holds only 0 to 3/],
    ] as const) {
      await replay(consumer, [place(0, 0, 9)]).then(
        () => assert.unreachable(),
        (error: unknown) => {
          assert.instance(error, ReplayImpossible);
          assert.match(String(error), reason);
        },
      );
    }
  });
});
