/** Who may read the data: nobody but its owner, whatever the umask and earlier releases have left. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { makePrivateFolder, tightenFolder } from '../../infra/files/private-files';
import { openDatabase, type Migration } from '../../infra/sqlite/database';
import { spec } from '../spec';

const migrations: ReadonlyArray<Migration> = [{ name: 'things', sql: 'CREATE TABLE things (id INTEGER) STRICT;' }];
const modeOf = (path: string): string => (statSync(path).mode & 0o7777).toString(8);

const withUmask = (umask: number, work: () => void): void => {
  const before = process.umask(umask);
  try {
    work();
  } finally {
    process.umask(before);
  }
};

spec('the data of an installation', ({ test, after }) => {
  const root = mkdtempSync(join(tmpdir(), 'tidemark-private-'));
  after(() => {
    rmSync(root, { recursive: true, force: true });
  });
  let folders = 0;
  const newPath = (): string => join(root, `data-${(folders += 1)}`);

  for (const umask of [0o000, 0o022, 0o077, 0o277]) {
    test(`is 600 in folders of 700 under the umask ${umask.toString(8)}, with the files that SQLite adds`, () => {
      const folder = join(newPath(), 'deeper');
      withUmask(umask, () => {
        const database = openDatabase({ file: join(folder, 'store.sqlite'), synchronous: 'FULL', migrations });
        database.exec('INSERT INTO things VALUES (1)');
        for (const name of ['store.sqlite', 'store.sqlite-wal', 'store.sqlite-shm']) {
          assert.is(modeOf(join(folder, name)), '600', name);
        }
        database.close();
      });
      assert.is(modeOf(folder), '700');
    });
  }

  test('that an earlier release left open is tightened when it is opened for writing', () => {
    const folder = newPath();
    const file = join(folder, 'views.sqlite');
    const first = openDatabase({ file, synchronous: 'FULL', migrations });
    first.exec('INSERT INTO things VALUES (1)');
    const names = [file, `${file}-wal`, `${file}-shm`];
    for (const name of names) chmodSync(name, 0o644);
    const second = openDatabase({ file, synchronous: 'FULL', migrations });
    for (const name of names) assert.is(modeOf(name), '600', name);
    second.close();
    first.close();
  });

  test('is tightened at the start as a whole: folder, files, copies, and folders of its own', () => {
    const folder = newPath();
    mkdirSync(join(folder, 'store-export'), { recursive: true });
    const names = ['store.sqlite', 'store.sqlite-wal', 'views.sqlite', 'store.sqlite.before-import', 'store-export'];
    for (const name of names.slice(0, -1)) writeFileSync(join(folder, name), '');
    writeFileSync(join(folder, 'output.log'), '');
    for (const name of [...names, 'output.log']) chmodSync(join(folder, name), 0o755);
    chmodSync(folder, 0o755);
    assert.equal(tightenFolder(folder, ['store', 'views']), []);
    assert.is(modeOf(folder), '700');
    for (const name of names.slice(0, -1)) assert.is(modeOf(join(folder, name)), '600', name);
    assert.is(modeOf(join(folder, 'store-export')), '700');
    assert.is(modeOf(join(folder, 'output.log')), '755');
  });

  test('in a folder that others use too is tightened, and the folder is named and left', () => {
    for (const [mode, entries] of [
      [0o1777, []],
      [0o755, ['another-program']],
    ] as const) {
      const folder = newPath();
      mkdirSync(folder);
      writeFileSync(join(folder, 'store.sqlite'), '');
      chmodSync(join(folder, 'store.sqlite'), 0o644);
      for (const entry of entries) mkdirSync(join(folder, entry));
      chmodSync(folder, mode);
      const findings = tightenFolder(folder, ['store']);
      assert.is(findings.length, 1);
      assert.match(findings[0] ?? '', /is open to other users .*DATA_DIR/);
      assert.is(modeOf(folder), mode.toString(8));
      assert.is(modeOf(join(folder, 'store.sqlite')), '600');
    }
  });

  test('never loosens what is tighter, and makes no folder twice', () => {
    const folder = newPath();
    makePrivateFolder(folder);
    writeFileSync(join(folder, 'store.sqlite'), '');
    chmodSync(join(folder, 'store.sqlite'), 0o400);
    makePrivateFolder(folder);
    assert.equal(tightenFolder(folder, ['store']), []);
    assert.is(modeOf(join(folder, 'store.sqlite')), '400');
  });
});
