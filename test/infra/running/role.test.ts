/** How a role starts and stops, whatever it does between the two. */
import { existsSync, renameSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { EngineFault } from '../../../infra/engine-fault';
import { silentLogger } from '../../../infra/logger';
import { deferred } from '../../../infra/running/deferred';
import { leasedSession, type LeasedSession } from '../../../infra/running/leased-session';
import { startRole, startRunning, type Role } from '../../../infra/running/role';
import { whenAborted } from '../../../infra/stop-signal';
import { FileReplaced } from '../../../infra/sqlite/file-identity';
import { LeaseLost, leaseMigration } from '../../../infra/sqlite/lease';
import { openLeasedDatabase, type LeasedDatabase } from '../../../infra/sqlite/leased-database';
import { spec } from '../../spec';
import { testClock } from '../../support/test-clock';
import { temporaryFolder } from '../sqlite/temporary-folder';

const newFile = (): string => `${temporaryFolder()}/role.sqlite`;
/** It is renewed after a third of that. */
const LEASE_TTL_MS = 30;
const migrations = [leaseMigration];

const open = (file: string): Promise<LeasedDatabase> =>
  openLeasedDatabase({
    file,
    synchronous: 'NORMAL',
    migrations,
    clock: testClock(),
    ttlMs: 60_000,
    onLost: () => undefined,
  });

const roleOn = (
  file: string,
  work: (session: LeasedSession) => Promise<void>,
  signal = new AbortController().signal,
): Role & { readonly waiting: Promise<void> } => {
  const waiting = deferred();
  const shared = { clock: testClock(), logger: { ...silentLogger, info: () => waiting.resolve() } };
  const role = startRole({
    ...shared,
    role: 'test',
    signal,
    session: (stopping, onStarted) =>
      leasedSession(
        {
          ...shared,
          file,
          migrations,
          leaseTtlMs: LEASE_TTL_MS,
          stopping,
          waitsForLease: 'waits',
          waitsForFile: 'waits',
        },
        (session) => {
          onStarted();
          return work(session);
        },
      ),
  });
  return { ...role, waiting: waiting.promise };
};

/** Asserts that the lease is free. */
const assertFree = async (file: string): Promise<void> => {
  const { database, lease } = await open(file);
  lease.release();
  database.close();
};

const untilEnd = ({ ending }: LeasedSession): Promise<void> => whenAborted(ending);

spec('a role', ({ test }) => {
  test('that is stopped, as often as that is, has released its lease', async () => {
    const file = newFile();
    const role = roleOn(file, untilEnd);
    await role.started;
    await Promise.all([role.stop(), role.stop()]);
    await role.stop();
    await role.done;
    await assertFree(file);
  });

  test('ends when the signal that it was started with aborts', async () => {
    const program = new AbortController();
    const role = roleOn(newFile(), untilEnd, program.signal);
    await role.started;
    program.abort();
    await role.done;
    await roleOn(newFile(), () => Promise.reject(new Error('never begun')), program.signal).done;
  });

  test('that is stopped while another process holds the lease has ended well, and has never begun', async () => {
    const file = newFile();
    const holder = await open(file);
    let hasBegun = false;
    const role = roleOn(file, () => {
      hasBegun = true;
      return Promise.resolve();
    });
    await role.waiting;
    await role.stop();
    await role.started;
    await role.done;
    assert.not(hasBegun);
    holder.lease.assertHeld();
    holder.lease.release();
    holder.database.close();
  });

  test('whose first session fails says so, and has released its lease', async () => {
    const file = newFile();
    const refused = new Error('this program has no such topic');
    const role = roleOn(file, () => Promise.reject(refused));
    assert.is(await role.done.catch((error: unknown) => error), refused);
    await role.stop();
    await assertFree(file);
  });

  test('whose start fails before it has the lease rejects `started`', async () => {
    const role = startRole({
      clock: testClock(),
      logger: silentLogger,
      role: 'test',
      signal: new AbortController().signal,
      ready: () => Promise.reject(new Error('a newer schema')),
      session: () => Promise.resolve(),
    });
    for (const end of [role.started, role.done]) {
      assert.match(String(await end.catch((error: unknown) => error)), /a newer schema/);
    }
  });

  test('that has a fault while it stops has stopped nevertheless', async () => {
    const file = newFile();
    const role = roleOn(file, async (session) => {
      await untilEnd(session);
      throw new FileReplaced('gone meanwhile');
    });
    await role.started;
    await role.stop();
    await role.done;
    await assertFree(file);
  });

  test('that loses its lease ends with that, whatever its work makes of it', async () => {
    for (const makesOfIt of [() => Promise.resolve(), () => Promise.reject(new Error('could not write'))]) {
      const role = roleOn(newFile(), async (session) => {
        session.database.exec('UPDATE lease SET epoch = epoch + 1');
        await untilEnd(session);
        assert.ok(session.isLost());
        await makesOfIt();
      });
      const end = await role.done.catch((error: unknown) => error);
      assert.instance(end, LeaseLost);
    }
  });

  test('whose file is removed ends its session, and starts another one on a new file', async () => {
    const file = newFile();
    const lost: boolean[] = [];
    const again = deferred();
    const role = roleOn(file, async (session) => {
      if (lost.length > 0) {
        again.resolve();
        return untilEnd(session);
      }
      renameSync(file, `${file}.away`);
      await untilEnd(session);
      lost.push(session.isLost());
    });
    await again.promise;
    assert.equal(lost, [true]);
    assert.ok(existsSync(file));
    await role.stop();
    await role.done;
  });
});

spec('what runs until it is stopped', ({ test }) => {
  test('never rejects from `stop`', async () => {
    const fault = new EngineFault('can go on no longer');
    const running = startRunning(() => Promise.reject(fault));
    await running.stop();
    assert.is(await running.done.catch((error: unknown) => error), fault);
  });
});
