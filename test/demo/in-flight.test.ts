/** Bounds on what is under way. */
import * as assert from 'uvu/assert';
import { forEachBounded, inFlight } from '../../api/demo/in-flight';
import { spec } from '../spec';
import { ownClock } from '../support/test-clock';

/** Tasks that end when the test says so. */
const tasks = () => {
  const started: number[] = [];
  const ends = new Map<number, { readonly resolve: () => void; readonly reject: (reason: Error) => void }>();
  return {
    started,
    run: (index: number) => async (): Promise<void> => {
      started.push(index);
      await new Promise<void>((resolve, reject) => ends.set(index, { resolve, reject }));
    },
    end: async (index: number): Promise<void> => {
      ends.get(index)?.resolve();
      await ownClock.sleep(0);
    },
    fail: async (index: number): Promise<void> => {
      ends.get(index)?.reject(new Error(`task ${index} broke`));
      await ownClock.sleep(0);
    },
  };
};

spec('places in flight', ({ test }) => {
  test('let as many run as there are, and then whoever waits longest', async () => {
    const { started, run, end } = tasks();
    const places = inFlight(2);
    const all = Promise.all([0, 1, 2, 3].map((index) => places.run(run(index))));
    await ownClock.sleep(0);
    assert.equal(started, [0, 1]);
    await end(1);
    assert.equal(started, [0, 1, 2]);
    await end(0);
    await end(2);
    await end(3);
    await all;
    assert.equal(started, [0, 1, 2, 3]);
  });

  test('are free again after a failure', async () => {
    const places = inFlight(1);
    const failing = places.run(() => Promise.reject(new Error('no')));
    const result = places.run(() => Promise.resolve('yes'));
    assert.is(await failing.catch((error: unknown) => String(error)), 'Error: no');
    assert.is(await result, 'yes');
  });
});

spec('each with a bound', ({ test }) => {
  test('does every item once, so many at a time', async () => {
    const done: number[] = [];
    let underWay = 0;
    let most = 0;
    await forEachBounded([0, 1, 2, 3, 4, 5, 6], 3, async (item) => {
      underWay += 1;
      most = Math.max(most, underWay);
      await ownClock.sleep(1);
      underWay -= 1;
      done.push(item);
    });
    assert.equal(done.sort(), [0, 1, 2, 3, 4, 5, 6]);
    assert.is(most, 3);
  });

  test('begins nothing new after a failure, and says which it was', async () => {
    const { started, run, fail, end } = tasks();
    const all = forEachBounded([0, 1, 2, 3], 2, (index) => run(index)()).catch((error: unknown) => String(error));
    await ownClock.sleep(0);
    await fail(0);
    await end(1);
    assert.is(await all, 'Error: task 0 broke');
    assert.equal(started, [0, 1]);
  });

  test('of nothing is done at once', async () => {
    await forEachBounded([], 4, () => Promise.reject(new Error('there was nothing to do')));
  });
});
