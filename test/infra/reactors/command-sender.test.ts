/** The sender: one command of an instance at a time, several instances at once, retries, and suspended commands. */
import * as assert from 'uvu/assert';
import { commandSender, type CommandSender } from '../../../infra/reactors/command-sender';
import type { PendingCommand, PostResult } from '../../../infra/reactors/processes/processes';
import { LeaseLost } from '../../../infra/sqlite/lease';
import { spec } from '../../spec';
import { movedClock, pending, silentProcess, turns, type MovedClock } from './commands';
import { NamedStorageFault } from '../../../infra/storage-fault';

interface Fixture {
  readonly sender: CommandSender;
  readonly clock: MovedClock;
  /** Ids of commands in the order in which they were posted. */
  readonly posted: ReadonlyArray<string>;
  /** What was written, in order. */
  readonly noted: ReadonlyArray<string>;
  /** Why nothing could be written, and null when it could be again. */
  readonly faults: ReadonlyArray<string | null>;
  /** Returns the oldest post of this command that has no answer yet. */
  readonly answer: (id: string, answer: PostResult | 'accept') => Promise<void>;
}

const senderFixture = (
  options: {
    readonly concurrency?: number;
    readonly backlogLimit?: number;
    readonly followUps?: (finished: PendingCommand) => ReadonlyArray<PendingCommand>;
    readonly failing?: 'applyOutcome' | 'noteAttempt' | 'suspend';
    /** How often it fails, and with what; always, with a full disk, by default. */
    readonly fails?: { readonly times: number; readonly error: Error };
  } = {},
): Fixture => {
  const clock = movedClock();
  const posted: string[] = [];
  const noted: string[] = [];
  const faults: (string | null)[] = [];
  const open: { readonly id: string; readonly resolve: (answer: PostResult) => void }[] = [];
  let failures = 0;
  const failIf = (call: typeof options.failing): void => {
    if (options.failing !== call || failures >= (options.fails?.times ?? Infinity)) return;
    failures += 1;
    throw options.fails?.error ?? new NamedStorageFault('full', 'the disk is full');
  };
  const sender = commandSender({
    clock,
    concurrency: options.concurrency ?? 4,
    backlogLimit: options.backlogLimit ?? 100,
    post: ({ id }, signal) => {
      posted.push(id);
      return new Promise((resolve) => {
        open.push({ id, resolve });
        signal.addEventListener('abort', () => resolve(retry('stopped')));
      });
    },
    record: {
      applyOutcome: (each, { _tag }) => {
        failIf('applyOutcome');
        noted.push(`${each.command.id} ${_tag}`);
        return options.followUps?.(each) ?? [];
      },
      noteAttempt: (each, { nextAttemptAtMs, reason }) => {
        failIf('noteAttempt');
        noted.push(`${each.command.id} again in ${nextAttemptAtMs - clock.nowMs()} ms: ${reason}`);
      },
      postpone: (each, notBeforeMs, reason) => {
        noted.push(`${each.command.id} not before ${notBeforeMs}: ${reason}`);
      },
      suspend: (each, reason) => {
        failIf('suspend');
        noted.push(`${each.command.id} aside: ${reason}`);
      },
      noteFault: (reason) => void faults.push(reason),
    },
  });
  return {
    sender,
    clock,
    posted,
    noted,
    faults,
    answer: async (id, answer) => {
      const index = open.findIndex((each) => each.id === id);
      const [post] = open.splice(index, 1);
      if (index < 0 || post === undefined) throw new Error(`nobody waits for an answer to ${id}`);
      const accepted: PostResult = { _tag: 'Decided', outcome: { _tag: 'Accepted', command: pending(0, 'x').command } };
      post.resolve(answer === 'accept' ? accepted : answer);
      await turns();
    },
  };
};

const fullDisk = (): Error => new NamedStorageFault('full', 'the disk is full');

const retry = (reason: string, everyCommand = false, retryAfterMs?: number): PostResult => ({
  _tag: 'Retry',
  reason,
  everyCommand,
  ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
});

spec('the queues of the command sender', ({ test }) => {
  test('send the commands of one instance one after another, those of other instances concurrently', async () => {
    const { sender, posted, answer } = senderFixture();
    sender.enqueue([pending(1, 'a'), pending(2, 'a'), pending(3, 'b')]);
    assert.equal(posted, ['a/1', 'b/3']);
    await answer('b/3', 'accept');
    assert.equal(posted, ['a/1', 'b/3']);
    await answer('a/1', 'accept');
    assert.equal(posted, ['a/1', 'b/3', 'a/2']);
  });

  test('separate equal instance names of two processes', () => {
    const { sender, posted } = senderFixture();
    sender.enqueue([pending(1, 'a'), pending(2, 'a', { process: silentProcess('other') })]);
    assert.equal(posted, ['a/1', 'a/2']);
  });

  test('are served in turn where there are more than may be sent at the same time', async () => {
    const { sender, posted, answer } = senderFixture({ concurrency: 2 });
    sender.enqueue([pending(1, 'a'), pending(2, 'a'), pending(3, 'b'), pending(4, 'c')]);
    assert.equal(posted, ['a/1', 'b/3']);
    await answer('a/1', 'accept');
    await answer('b/3', 'accept');
    assert.equal(posted, ['a/1', 'b/3', 'c/4', 'a/2']);
  });

  test('append commands that follow from an outcome', async () => {
    const { sender, posted, answer } = senderFixture({
      followUps: ({ seq }) => (seq === 1 ? [pending(9, 'a'), pending(10, 'z')] : []),
    });
    sender.enqueue([pending(1, 'a'), pending(2, 'a')]);
    await answer('a/1', 'accept');
    assert.equal(posted, ['a/1', 'a/2', 'z/10']);
    await answer('a/2', 'accept');
    assert.equal(posted, ['a/1', 'a/2', 'z/10', 'a/9']);
  });

  test('treat a rejection as an outcome like any other', async () => {
    const { sender, posted, noted, answer } = senderFixture();
    sender.enqueue([pending(1, 'a'), pending(2, 'a')]);
    const { command } = pending(1, 'a');
    await answer('a/1', {
      _tag: 'Decided',
      outcome: { _tag: 'Rejected', command, rejectionType: 'No', message: 'No.' },
    });
    assert.equal(noted, ['a/1 Rejected']);
    assert.equal(posted, ['a/1', 'a/2']);
  });
});

spec('retries of the command sender', ({ test }) => {
  test('are delayed longer each time, are recorded first, and restart with the next command', async () => {
    const { sender, clock, posted, noted, answer } = senderFixture();
    sender.enqueue([pending(1, 'a'), pending(2, 'a')]);
    await answer('a/1', retry('busy'));
    await clock.pass(99);
    assert.equal(posted, ['a/1']);
    await clock.pass(1);
    await answer('a/1', retry('busy'));
    await clock.pass(200);
    await answer('a/1', 'accept');
    await answer('a/2', retry('busy'));
    assert.equal(noted, [
      'a/1 again in 100 ms: busy',
      'a/1 again in 200 ms: busy',
      'a/1 Accepted',
      'a/2 again in 100 ms: busy',
    ]);
    assert.equal(posted, ['a/1', 'a/1', 'a/1', 'a/2']);
  });

  test('continue from the attempts that were made before a restart', async () => {
    const { sender, noted, answer } = senderFixture();
    sender.enqueue([pending(1, 'a', { attempts: 3 })]);
    await answer('a/1', retry('busy'));
    assert.equal(noted, ['a/1 again in 800 ms: busy']);
  });

  test('wait as long as the API asks for, and never longer than the bound otherwise', async () => {
    const { sender, clock, answer } = senderFixture();
    sender.enqueue([pending(1, 'a'), pending(2, 'b', { attempts: 50 })]);
    await answer('a/1', retry('busy', false, 30_000));
    await answer('b/2', retry('busy'));
    assert.equal(clock.sleeps, [30_000, 10_000]);
  });

  test('of one instance let others be sent meanwhile', async () => {
    const { sender, posted, answer } = senderFixture({ concurrency: 1 });
    sender.enqueue([pending(1, 'a'), pending(2, 'b')]);
    await answer('a/1', retry('conflict'));
    assert.equal(posted, ['a/1', 'b/2']);
  });

  test('keep their slot while the API is unreachable, so that no other command is sent in vain', async () => {
    const { sender, clock, posted, answer } = senderFixture({ concurrency: 1 });
    sender.enqueue([pending(1, 'a'), pending(2, 'b')]);
    await answer('a/1', retry('away', true));
    assert.equal(posted, ['a/1']);
    await clock.pass(100);
    assert.equal(posted.length, 2);
  });
});

spec('commands that no retry can help', ({ test }) => {
  test('are suspended, with the commands behind them in their queue', async () => {
    const { sender, posted, noted, answer } = senderFixture();
    sender.enqueue([pending(1, 'a'), pending(2, 'a'), pending(3, 'b')]);
    await answer('a/1', { _tag: 'Defect', reason: '404' });
    sender.enqueue([pending(4, 'a')]);
    await answer('b/3', 'accept');
    assert.equal(noted, ['a/1 aside: 404', 'b/3 Accepted']);
    assert.equal(posted, ['a/1', 'b/3']);
  });

  test('no longer count as waiting', async () => {
    const { sender, answer } = senderFixture({ backlogLimit: 1 });
    sender.enqueue([pending(1, 'a'), pending(2, 'a')]);
    const passed = passes(sender.room());
    await turns();
    assert.is(passed(), false);
    await answer('a/1', { _tag: 'Defect', reason: '404' });
    assert.is(passed(), true);
  });
});

/** Whether a promise has resolved. */
const passes = (promise: Promise<void>): (() => boolean) => {
  let has = false;
  void promise.then(() => (has = true));
  return () => has;
};

spec('the backlog of the command sender', ({ test }) => {
  test('delays its caller at the limit, until one command is done', async () => {
    const { sender, answer } = senderFixture({ backlogLimit: 2 });
    sender.enqueue([pending(1, 'a')]);
    await sender.room();
    sender.enqueue([pending(2, 'b')]);
    const passed = [passes(sender.room()), passes(sender.room())];
    await turns();
    assert.equal(
      passed.map((each) => each()),
      [false, false],
    );
    await answer('b/2', 'accept');
    assert.equal(
      passed.map((each) => each()),
      [true, true],
    );
  });

  test('suspends a command whose outcome its process cannot handle, and continues with the others', async () => {
    const { sender, posted, noted, answer } = senderFixture({
      followUps: ({ command }) => {
        if (command.id === 'a/1') throw new TypeError('undefined is not a number');
        return [];
      },
    });
    sender.enqueue([pending(1, 'a'), pending(2, 'a'), pending(3, 'b')]);
    await answer('a/1', 'accept');
    await answer('b/3', 'accept');
    assert.equal(noted, [
      'a/1 Accepted',
      'a/1 aside: its process cannot handle the outcome: undefined is not a number',
      'b/3 Accepted',
    ]);
    assert.equal(posted, ['a/1', 'b/3']);
    await sender.stop();
  });

  test('stays full while a command waits for its retry', async () => {
    const { sender, answer } = senderFixture({ backlogLimit: 1 });
    sender.enqueue([pending(1, 'a')]);
    const passed = passes(sender.room());
    await answer('a/1', retry('busy'));
    assert.is(passed(), false);
  });
});

spec('the end of the command sender', ({ test }) => {
  test('aborts requests in flight, writes nothing about them, sends nothing more, and releases waiting callers', async () => {
    const { sender, clock, posted, noted, answer } = senderFixture({ backlogLimit: 1, concurrency: 2 });
    sender.enqueue([pending(1, 'a'), pending(2, 'a'), pending(3, 'b'), pending(4, 'c')]);
    await answer('b/3', retry('busy'));
    const passed = passes(sender.room());
    await sender.stop();
    await clock.pass(60_000);
    sender.enqueue([pending(5, 'd')]);
    await turns();
    assert.is(passed(), true);
    assert.equal(noted, ['b/3 again in 100 ms: busy']);
    assert.equal(posted, ['a/1', 'b/3', 'c/4']);
    await sender.room();
  });

  test('does not wait for a retry while the API is unreachable', async () => {
    const { sender, answer } = senderFixture();
    sender.enqueue([pending(1, 'a')]);
    await answer('a/1', retry('away', true, 60_000));
    await sender.stop();
  });

  for (const [call, answer] of [
    ['applyOutcome', 'accept'],
    ['noteAttempt', retry('busy')],
    ['suspend', { _tag: 'Defect', reason: '404' }],
  ] as const) {
    test(`comes by itself when another process has taken over during '${call}'`, async () => {
      const error = new LeaseLost('another process took the file over');
      const fixture = senderFixture({ failing: call, fails: { times: 1, error } });
      const { sender, posted } = fixture;
      sender.enqueue([pending(1, 'a'), pending(2, 'a')]);
      await fixture.answer('a/1', answer);
      assert.match(String(await sender.failed.catch((reason: unknown) => reason)), 'took the file over');
      sender.enqueue([pending(3, 'b')]);
      await sender.room();
      assert.equal(posted, ['a/1']);
      await sender.stop();
    });
  }

  const passing: ReadonlyArray<readonly [what: string, error: Error]> = [
    ...(['full', 'io', 'busy', 'failed'] as const).map(
      (kind) => [kind, new NamedStorageFault(kind, 'not now')] as const,
    ),
    ['EROFS', Object.assign(new Error('not now'), { code: 'EROFS' })],
  ];
  for (const [what, error] of passing) {
    test(`is not caused by ${what}: the response is kept, and written once that has passed`, async () => {
      const fixture = senderFixture({ failing: 'applyOutcome', fails: { times: 3, error } });
      const { sender, posted, noted, faults, clock } = fixture;
      sender.enqueue([pending(1, 'a'), pending(2, 'a'), pending(3, 'b')]);
      await fixture.answer('a/1', 'accept');
      await fixture.answer('b/3', 'accept');
      assert.equal(noted, []);
      for (const pauseMs of [100, 200, 400]) await clock.pass(pauseMs);
      assert.equal([...noted].sort(), ['a/1 Accepted', 'b/3 Accepted']);
      // Sent once each, although writing the outcome was retried.
      assert.equal(posted, ['a/1', 'b/3', 'a/2']);
      assert.is(faults.at(-1), null);
      assert.ok(faults.includes('not now'));
      await sender.stop();
    });
  }

  test('is not caused by a full disk while a command is suspended, or an attempt is recorded', async () => {
    const fixture = senderFixture({ failing: 'suspend', fails: { times: 1, error: fullDisk() } });
    fixture.sender.enqueue([pending(1, 'a')]);
    await fixture.answer('a/1', { _tag: 'Defect', reason: '404' });
    await fixture.clock.pass(100);
    assert.equal(fixture.noted, ['a/1 aside: 404']);
    await fixture.sender.stop();
    const attempts = senderFixture({ failing: 'noteAttempt' });
    attempts.sender.enqueue([pending(1, 'a')]);
    await attempts.answer('a/1', retry('busy'));
    await attempts.clock.pass(100);
    assert.equal(attempts.posted, ['a/1', 'a/1']);
    await attempts.sender.stop();
  });

  test('leaves no outcome partly written while the disk stays full', async () => {
    const { sender, answer, noted } = senderFixture({ failing: 'applyOutcome' });
    sender.enqueue([pending(1, 'a')]);
    await answer('a/1', 'accept');
    await sender.stop();
    assert.equal(noted, []);
  });
});

spec('a suspended command that is released', ({ test }) => {
  test('is sent again without a restart, with the commands behind it, in order', async () => {
    const { sender, posted, answer } = senderFixture();
    const waiting = [pending(1, 'a'), pending(2, 'a')];
    sender.enqueue(waiting);
    await answer('a/1', { _tag: 'Defect', reason: '404' });
    sender.enqueue([pending(3, 'a')]);
    assert.equal(posted, ['a/1']);
    sender.release([...waiting, pending(3, 'a')]);
    sender.release([...waiting, pending(3, 'a')]);
    for (const id of ['a/1', 'a/2', 'a/3']) await answer(id, 'accept');
    assert.equal(posted, ['a/1', 'a/1', 'a/2', 'a/3']);
  });
});
