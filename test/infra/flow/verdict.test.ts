/** Verdicts on a partition: over a window, never from one look. */
import * as assert from 'uvu/assert';
import { verdictOf, worstOf, type PartitionLook } from '../../../infra/flow/verdict';
import { spec } from '../../spec';

/** Looks two seconds apart: next offset, lag, and the age of what waits. */
const looks = (...each: ReadonlyArray<readonly [next: number, lag: number, ageSeconds?: number]>): PartitionLook[] =>
  each.map(([nextOffset, lag, ageSeconds = lag === 0 ? 0 : 20], index) => ({
    atMs: index * 2_000,
    nextOffset,
    lag,
    ageSeconds,
    isStopped: false,
  }));

spec('the verdict on a partition', ({ test }) => {
  test('is ok at rest, and where what waits is on its way', () => {
    assert.is(verdictOf([]), 'ok');
    assert.is(verdictOf(looks([5, 0], [5, 0], [5, 0])), 'ok');
    assert.is(verdictOf(looks([5, 3, 1], [8, 4, 1], [12, 5, 1])), 'ok');
    assert.is(verdictOf(looks([5, 0], [5, 900])), 'ok');
  });

  test('is stalled where it has something to read and does not move, and not before it had the time', () => {
    const standing = Array.from({ length: 7 }, () => [5, 10] as const);
    assert.is(verdictOf(looks(...standing)), 'stalled');
    assert.is(verdictOf(looks(...standing.slice(0, 3))), 'behind');
    // Something came only now: it had nothing to move for before.
    assert.is(verdictOf(looks(...Array.from({ length: 9 }, () => [5, 0] as const), [5, 10])), 'ok');
    // It moves again.
    assert.is(verdictOf(looks(...standing, [6, 9])), 'catching-up');
  });

  test('is behind where it moves and the distance does not shrink, and catching up where it does', () => {
    assert.is(verdictOf(looks([0, 100], [10, 100], [20, 110], [30, 130])), 'behind');
    assert.is(verdictOf(looks([0, 100], [40, 70], [80, 40], [110, 20])), 'catching-up');
  });

  test('is stopped where nobody reads, whatever was before', () => {
    const last = { ...looks([0, 0])[0], atMs: 4_000, isStopped: true } as PartitionLook;
    assert.is(verdictOf([...looks([0, 10], [10, 0]), last]), 'stopped');
  });

  test('is rewound where the offset was set back within the window', () => {
    assert.is(verdictOf(looks([100, 0], [10, 90], [40, 60])), 'rewound');
  });

  test('of several is the worst', () => {
    assert.is(worstOf(['ok', 'catching-up', 'stalled']), 'stalled');
    assert.is(worstOf([]), 'ok');
  });
});
