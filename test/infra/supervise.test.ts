/** The common retry loop: how it backs off, what resets the backoff, and how it ends. */
import * as assert from 'uvu/assert';
import { EngineFault, TakenOver } from '../../infra/engine-fault';
import { retrySchedule } from '../../infra/running/retry-schedule';
import { supervise, type Directive, type Retry, type SuperviseOptions } from '../../infra/supervise';
import { seededRandom } from '../support/random';
import { testClock, type TestClock } from '../support/test-clock';
import { spec } from '../spec';

const fault = new Error('Kafka is away');
const longest = (): number => 0.999_999_999;

interface Tried {
  readonly clock: TestClock;
  readonly stopping: AbortController;
  readonly retries: Retry[];
  readonly run: (options: Pick<SuperviseOptions, 'session'> & Partial<SuperviseOptions>) => Promise<void>;
}

/** Stops by itself after some retries, whatever the session does. */
const tried = (maxRetries = 20): Tried => {
  const clock = testClock({ random: longest });
  const stopping = new AbortController();
  const retries: Retry[] = [];
  return {
    clock,
    stopping,
    retries,
    run: (options) =>
      supervise({
        clock,
        stopping: stopping.signal,
        onRetry: (retry) => {
          retries.push(retry);
          if (retries.length === maxRetries) stopping.abort();
        },
        ...options,
      }),
  };
};

spec('a supervised session', ({ test }) => {
  test('is restarted after each fault, with waits that double from 0.1 to 10 seconds', async () => {
    const { run, retries, clock } = tried(10);
    await run({ session: () => Promise.reject(fault) });
    const expected = [100, 200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000, 10_000];
    assert.equal(
      retries.map(({ delayMs }) => delayMs),
      expected,
    );
    assert.equal(clock.sleeps(), expected);
    assert.equal(
      retries.map(({ attempts }) => attempts),
      [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
    );
    assert.ok(retries.every(({ reason, error }) => reason === 'Kafka is away' && error === fault));
  });

  test('waits at least as long as `minDelayMs`', async () => {
    const { run, clock } = tried(5);
    await run({ session: () => Promise.reject(fault), minDelayMs: 1_000 });
    assert.equal(clock.sleeps(), [1_000, 1_000, 1_000, 1_000, 1_600]);
  });

  test('starts at the first wait again after progress, and only after progress', async () => {
    const seed = Date.now() % 100_000;
    const random = seededRandom(seed);
    const { run, retries } = tried(60);
    let inARow = 0;
    await run({
      session: ({ attempts, onProgress }) => {
        assert.is(attempts, inARow, `seed ${seed}`);
        if (random() < 0.25) {
          onProgress();
          inARow = 0;
        }
        inARow += 1;
        return Promise.reject(fault);
      },
    });
    assert.ok(retries.some(({ attempts }) => attempts > 1));
    for (const { attempts, delayMs } of retries)
      assert.is(delayMs, Math.min(10_000, 100 * 2 ** (attempts - 1)), `seed ${seed}`);
  });

  test('that ends without a fault is the last one', async () => {
    const { run, clock } = tried();
    let sessions = 0;
    await run({
      session: () => {
        sessions += 1;
        return sessions < 3 ? Promise.reject(fault) : Promise.resolve();
      },
    });
    assert.is(sessions, 3);
    assert.is(clock.sleeps().length, 2);
  });

  test('is not started where the signal has aborted, and not restarted where it aborts during the wait', async () => {
    const { run, stopping, clock } = tried();
    let sessions = 0;
    const session = (): Promise<never> => {
      sessions += 1;
      return Promise.reject(fault);
    };
    const sleep: TestClock['sleep'] = (durationMs, signal) => {
      stopping.abort();
      return clock.sleep(durationMs, signal);
    };
    await run({ session, clock: { ...clock, sleep } });
    assert.is(sessions, 1);
    await run({ session });
    assert.is(sessions, 1);
  });

  test('that has a fault while it stops has ended, without a retry', async () => {
    const { run, stopping, retries } = tried();
    await run({
      session: () => {
        stopping.abort();
        return Promise.reject(fault);
      },
    });
    assert.equal(retries, []);
  });

  test('that finds its file taken over ends the run with that fault, also while it stops', async () => {
    for (const isStopping of [false, true]) {
      const { run, stopping, retries } = tried();
      const taken = new TakenOver('another process has it');
      const end = run({
        session: () => {
          if (isStopping) stopping.abort();
          return Promise.reject(taken);
        },
      });
      assert.is(await end.catch((error: unknown) => error), taken);
      assert.equal(retries, []);
    }
  });

  test('continues as its directive says', async () => {
    const ends: Readonly<
      Record<Directive, { readonly sessions: number; readonly sleeps: number; readonly error: unknown }>
    > = {
      'back-off': { sessions: 2, sleeps: 1, error: undefined },
      restart: { sessions: 2, sleeps: 0, error: undefined },
      stop: { sessions: 1, sleeps: 0, error: undefined },
      escalate: { sessions: 1, sleeps: 0, error: fault },
    };
    for (const directive of ['back-off', 'restart', 'stop', 'escalate'] as const) {
      const { run, clock } = tried();
      let sessions = 0;
      const end = await run({
        session: () => {
          sessions += 1;
          return sessions === 1 ? Promise.reject(fault) : Promise.resolve();
        },
        onFault: () => directive,
      }).catch((error: unknown) => error);
      assert.equal({ sessions, sleeps: clock.sleeps().length, error: end }, ends[directive], directive);
    }
  });

  test('ends with what deciding about a fault throws', async () => {
    const { run } = tried();
    const worse = new EngineFault('the file is gone, too');
    const end = run({
      session: () => Promise.reject(fault),
      onFault: () => {
        throw worse;
      },
    });
    assert.is(await end.catch((error: unknown) => error), worse);
  });
});

spec('a schedule of retries', ({ test }) => {
  test('delays each piece of work separately, longer after each fault', () => {
    const clock = testClock({ random: longest });
    const schedule = retrySchedule<string>(clock);
    assert.ok(schedule.isDue('a'));
    assert.is(schedule.failed('a'), 100);
    assert.is(schedule.failed('a'), 200);
    assert.is(schedule.attempts('a'), 2);
    assert.not(schedule.isDue('a'));
    assert.ok(schedule.isDue('b'));
    clock.advance(200);
    assert.ok(schedule.isDue('a'));
    schedule.forget('a');
    assert.is(schedule.failed('a'), 100);
  });
});
