/** The lease: one holder, who is let go by its end, its time, or its death; and whoever was replaced can't write. */
import { hostname } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { systemClock, type Clock } from '../../../infra/clock';
import { openDatabase, type Database } from '../../../infra/sqlite/database';
import { acquireLease, leaseMigration, LeaseLost, tryAcquire, type Lease } from '../../../infra/sqlite/lease';
import { openUnusedDatabase } from '../../../infra/sqlite/leased-database';
import { ownerName } from '../../../infra/sqlite/process-identity';
import { spec } from '../../spec';
import { eventually, newFile } from './store-fixture';

const TTL_MS = 60_000;

interface HandClock extends Clock {
  nowValueMs: number;
}

/** A clock that moves by hand; sleeping moves it. */
const handClock = (): HandClock => {
  const clock: HandClock = {
    ...systemClock,
    nowValueMs: 1_000_000,
    nowMs: () => clock.nowValueMs,
    monotonicMs: () => clock.nowValueMs,
    sleep: (durationMs) => {
      clock.nowValueMs += durationMs;
      return Promise.resolve();
    },
  };
  return clock;
};

const open = (file: string): Database => openDatabase({ file, synchronous: 'NORMAL', migrations: [leaseMigration] });

const never = (reason: LeaseLost): void => {
  throw reason;
};

/** The name of a holder on this machine, with parts of it changed. */
const ownerAt = (parts: {
  readonly pid?: number;
  readonly boot?: string;
  readonly namespace?: string;
  readonly start?: string;
}): string => {
  const [host = '', pid = '', place = '', id = ''] = ownerName('x').split(':');
  const [boot = '', namespace = '', start = ''] = place.split('/');
  const changed = [parts.boot ?? boot, parts.namespace ?? namespace, parts.start ?? start].join('/');
  return [host, parts.pid ?? pid, changed, id].join(':');
};

const held = (attempt: Lease | string): Lease => {
  if (typeof attempt === 'string') throw new Error(`held by ${attempt}`);
  return attempt;
};

spec('a lease', ({ test }) => {
  test('has one holder; another one learns its name', () => {
    const file = newFile();
    const [one, other] = [open(file), open(file)];
    const clock = handClock();
    const lease = held(tryAcquire({ database: one, clock, ttlMs: TTL_MS, onLost: never }));
    assert.is(lease.epoch, 1);
    lease.assertHeld();
    const answer = tryAcquire({ database: other, clock, ttlMs: TTL_MS, onLost: never });
    assert.ok(typeof answer === 'string' && answer.startsWith(`${hostname()}:${process.pid}:`));
    lease.release();
    const next = held(tryAcquire({ database: other, clock, ttlMs: TTL_MS, onLost: never }));
    assert.is(next.epoch, 2);
    next.release();
    one.close();
    other.close();
  });

  test('that ran out in the middle of a write is taken over as soon as that is over, and nobody is blocked meanwhile', async () => {
    const file = newFile();
    const [one, other] = [open(file), open(file)];
    const clock = handClock();
    const stale = held(tryAcquire({ database: one, clock, ttlMs: TTL_MS, onLost: never }));
    clock.nowValueMs += TTL_MS;
    one.exec('BEGIN IMMEDIATE');
    const askedAtMs = systemClock.monotonicMs();
    assert.is(
      tryAcquire({ database: other, clock, ttlMs: TTL_MS, onLost: never }),
      'a process in the middle of a write',
    );
    assert.ok(systemClock.monotonicMs() - askedAtMs < 1_000);
    let waitedFor = 0;
    const lease = await acquireLease({
      database: other,
      clock: {
        ...clock,
        sleep: async () => {
          waitedFor += 1;
          if (waitedFor === 3) one.exec('COMMIT');
          return Promise.resolve();
        },
      },
      ttlMs: TTL_MS,
      onLost: never,
    });
    assert.is(waitedFor, 3);
    assert.throws(stale.assertHeld, (error: unknown) => error instanceof LeaseLost);
    assert.is(other.pragma('busy_timeout', { simple: true }), 5_000);
    lease.release();
    one.close();
    other.close();
  });

  test('that ran out is taken over; its old holder can write no more, and frees nothing', () => {
    const file = newFile();
    const [one, other] = [open(file), open(file)];
    const clock = handClock();
    const stale = held(tryAcquire({ database: one, clock, ttlMs: TTL_MS, onLost: never }));
    assert.ok(stale.isFresh());
    clock.nowValueMs += TTL_MS;
    assert.not.ok(stale.isFresh());
    const lease = held(tryAcquire({ database: other, clock, ttlMs: TTL_MS, onLost: never }));
    assert.throws(stale.assertHeld, (error: unknown) => error instanceof LeaseLost);
    stale.release();
    lease.assertHeld();
    assert.type(tryAcquire({ database: one, clock, ttlMs: TTL_MS, onLost: never }), 'string');
    lease.release();
    one.close();
    other.close();
  });

  test('is waited for until it runs out, and the wait is told once', async () => {
    const file = newFile();
    const [one, other] = [open(file), open(file)];
    const clock = handClock();
    const first = held(tryAcquire({ database: one, clock, ttlMs: TTL_MS, onLost: never }));
    const startMs = clock.nowMs();
    let told = 0;
    const options = { database: other, clock, ttlMs: TTL_MS, onLost: never, onWaiting: () => void (told += 1) };
    const lease = await acquireLease(options);
    assert.is(clock.nowMs() - startMs, TTL_MS);
    assert.is(told, 1);
    first.release();
    lease.release();
    one.close();
    other.close();
  });

  test('of a process on this machine that no longer exists is taken at once', () => {
    const file = newFile();
    const database = open(file);
    const clock = handClock();
    // No process has this number: it is above what the kernel gives out.
    const dead = ownerAt({ pid: 2 ** 22 + 1 });
    database.prepare('UPDATE lease SET owner = ?, epoch = 7, expires_at_ms = ?').run(dead, clock.nowMs() + TTL_MS);
    const lease = held(tryAcquire({ database, clock, ttlMs: TTL_MS, onLost: never }));
    assert.is(lease.epoch, 8);
    lease.release();
    database.prepare('UPDATE lease SET owner = ?, expires_at_ms = ?').run('elsewhere:1:x', clock.nowMs() + TTL_MS);
    assert.is(tryAcquire({ database, clock, ttlMs: TTL_MS, onLost: never }), 'elsewhere:1:x');
    database.close();
  });

  for (const [what, parts] of [
    ['in another PID namespace, as in another container of the same host name', { namespace: '1' }],
    ['before the last boot of this machine', { boot: 'another' }],
    ['of whose start nothing is known', { start: '' }],
  ] as const) {
    test(`of a process ${what}, is waited for: its number says nothing here`, () => {
      const database = open(newFile());
      const clock = handClock();
      const owner = ownerAt({ pid: 2 ** 22 + 1, ...parts });
      database.prepare('UPDATE lease SET owner = ?, expires_at_ms = ?').run(owner, clock.nowMs() + TTL_MS);
      assert.is(tryAcquire({ database, clock, ttlMs: TTL_MS, onLost: never }), owner);
      clock.nowValueMs += TTL_MS;
      held(tryAcquire({ database, clock, ttlMs: TTL_MS, onLost: never })).release();
      database.close();
    });
  }

  test('of an older program, whose name says only the host and a number, is waited for', () => {
    const database = open(newFile());
    const clock = handClock();
    const owner = `${hostname()}:${2 ** 22 + 1}:x`;
    database.prepare('UPDATE lease SET owner = ?, expires_at_ms = ?').run(owner, clock.nowMs() + TTL_MS);
    assert.is(tryAcquire({ database, clock, ttlMs: TTL_MS, onLost: never }), owner);
    database.close();
  });

  test('of a process whose number was given to another one is taken at once', () => {
    const database = open(newFile());
    const clock = handClock();
    database
      .prepare('UPDATE lease SET owner = ?, expires_at_ms = ?')
      .run(ownerAt({ start: '1' }), clock.nowMs() + TTL_MS);
    held(tryAcquire({ database, clock, ttlMs: TTL_MS, onLost: never })).release();
    database.close();
  });

  test('renews itself while it is held', async () => {
    const file = newFile();
    const [one, other] = [open(file), open(file)];
    const lease = held(tryAcquire({ database: one, clock: systemClock, ttlMs: 300, onLost: never }));
    await systemClock.sleep(450);
    assert.type(tryAcquire({ database: other, clock: systemClock, ttlMs: 300, onLost: never }), 'string');
    assert.ok(lease.isFresh());
    lease.assertHeld();
    lease.release();
    one.close();
    other.close();
  });

  test('that is found lost at its renewal is reported once', async () => {
    const file = newFile();
    const database = open(file);
    const reasons: LeaseLost[] = [];
    const onLost = (reason: LeaseLost): void => void reasons.push(reason);
    const lease = held(tryAcquire({ database, clock: systemClock, ttlMs: 60, onLost }));
    database.exec('UPDATE lease SET epoch = epoch + 1');
    await eventually(() => reasons.length > 0);
    await systemClock.sleep(60);
    assert.is(reasons.length, 1);
    assert.match(reasons[0]?.message ?? '', /another process took .*\.sqlite over/);
    lease.release();
    database.close();
  });

  test('that is not waited for is refused with the words of whoever asks, who learns its holder', async () => {
    const file = newFile();
    const options = { file, synchronous: 'FULL', migrations: [leaseMigration], clock: systemClock } as const;
    const ask = () => openUnusedDatabase({ ...options, ttlMs: TTL_MS }, (owner) => new Error(`held by ${owner}`));
    const opened = (): string => 'opened';
    const first = await ask();
    const refused = await ask().then(opened, String);
    assert.match(refused, /^Error: held by .+/);
    first.lease.release();
    const second = await ask();
    second.lease.assertHeld();
    second.lease.release();
    // What has nothing to do with a holder keeps its own words.
    const elsewhere = { ...options, file: join(newFile(), 'no', 'folder'), ttlMs: TTL_MS };
    const failed = await openUnusedDatabase(elsewhere, () => new Error('held')).then(opened, String);
    assert.not.match(failed, /held/);
    for (const { database } of [first, second]) database.close();
  });
});
