/** Write-ahead logs on a small volume: they are folded in before they fill it, however the writer goes on. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { systemClock } from '../../../infra/clock';
import { leaseMigration } from '../../../infra/sqlite/lease';
import { openLeasedDatabase } from '../../../infra/sqlite/leased-database';
import { keepWalInRoom } from '../../../infra/sqlite/wal-room';
import { MAX_WAL_PAGES, walPagesFor } from '../../../infra/sqlite/wal-size';
import { spec } from '../../spec';
import { eventually } from '../../support/server';

const VOLUME_BYTES = 8 * 1_048_576;
const mountPoint = mkdtempSync(join(tmpdir(), 'tidemark-small-'));
const isMounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${VOLUME_BYTES}`, 'tmpfs', mountPoint]).status === 0;
process.on('exit', () => {
  if (isMounted) spawnSync('umount', ['-l', mountPoint]);
  rmSync(mountPoint, { recursive: true, force: true });
});

/** Each another one: SQLite does not write what is there already. */
const textOf = (round: number): string => `${round}`.padEnd(3_000, 'x');

const openNotes = async (name: string) => {
  const { database, lease } = await openLeasedDatabase({
    file: join(mountPoint, name),
    synchronous: 'NORMAL',
    migrations: [leaseMigration, { name: 'notes', sql: 'CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT)' }],
    clock: systemClock,
    ttlMs: 60_000,
    onLost: () => assert.unreachable(),
  });
  const write = database.prepare('INSERT INTO notes VALUES (?, ?) ON CONFLICT DO UPDATE SET text = excluded.text');
  return { database, lease, write };
};

spec('the size of a write-ahead log', ({ test, skip }) => {
  test('goes by the room on the volume, between bounds', () => {
    assert.is(walPagesFor(1e12), MAX_WAL_PAGES);
    assert.is(walPagesFor(24 * 1_048_576), 768);
    for (const none of [0, -1, 4_096]) assert.is(walPagesFor(none), 64);
  });

  for (const name of [
    'lets four files be written on a volume that is smaller than one log, far more often than it holds',
    'is cut on a full volume where all of it is in the file, and the room serves the others',
  ]) {
    if (!isMounted) skip(name, 'no right to mount a tmpfs');
  }
  if (!isMounted) return;

  test('lets four files be written on a volume that is smaller than one log, far more often than it holds', async () => {
    const files = await Promise.all(['a', 'b', 'c', 'd'].map(openNotes));
    for (let round = 0; round < 2_000; round += 1) for (const { write } of files) write.run(round % 50, textOf(round));
    for (const { database, lease } of files) {
      lease.release();
      database.close();
    }
  });

  test('is cut on a full volume where all of it is in the file, and the room serves the others', async () => {
    const [large, other] = await Promise.all([openNotes('large'), openNotes('other')]);
    large.database.pragma('wal_autocheckpoint = 0');
    for (let round = 0; round < 700; round += 1) large.write.run(round % 20, textOf(round));
    large.database.pragma('wal_checkpoint(PASSIVE)');
    const walBytes = (): number => statSync(join(mountPoint, 'large-wal')).size;
    const fillUp = (): void => {
      for (let id = 0; id < 3_000; id += 1) other.write.run(id, 'y'.repeat(3_000));
    };
    assert.ok(walBytes() > 2 * 1_048_576, `${walBytes()} bytes`);
    assert.throws(fillUp, /full/);
    keepWalInRoom(large.database, 20);
    await eventually('it is cut', async () => Promise.resolve(walBytes() < 1_048_576));
    other.write.run(1, 'z');
    for (const { database, lease } of [large, other]) {
      lease.release();
      database.close();
    }
  });
});
