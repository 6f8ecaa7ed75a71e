/** Data of earlier releases opens in this one: what was served is served, commands go on, and a rebuild comes to the same. */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { temporaryFolder } from '../infra/sqlite/temporary-folder';
import { spec } from '../spec';
import { eventually, freePort, isReady, runTidemark, startTidemark } from '../support/server';
import { playOrder } from '../support/workload';
import { answersOf, PAYMENT_TERM_MS, releases, restore, type Row } from './fixture';

const MAX_FIXTURE_BYTES = 300_000;
const FIXTURES = join(__dirname, '..', '..', '..', 'test', 'fixtures', 'upgrade');

/** The columns that both releases have. */
const common = (row: Row | undefined, other: Row): Row =>
  Object.fromEntries(Object.entries(row ?? {}).filter(([column]) => column in other));

spec('the data of an earlier release', ({ test }) => {
  test('is kept, and small', () => {
    assert.ok(releases().length > 0);
    for (const release of releases()) {
      const files = readdirSync(join(FIXTURES, release)).map((name) => join(FIXTURES, release, name));
      const bytes = files.reduce((sum, file) => sum + statSync(file).size, 0);
      assert.ok(bytes < MAX_FIXTURE_BYTES, `${release}: ${bytes} bytes`);
    }
  });

  for (const release of releases())
    test(
      `of ${release} is opened, served, added to and rebuilt`,
      async () => {
        const data = temporaryFolder();
        const answers = restore(release, data);
        const port = await freePort();
        const url = `http://127.0.0.1:${port}`;
        const environment = { PORT: String(port), BASE_URL: url, DATA_DIR: data, PAYMENT_TERM_MS };
        const server = startTidemark(['serve'], environment);
        try {
          await eventually('the server is ready', async () => isReady(url), 60_000).catch((error: unknown) => {
            throw new Error(`${String(error)}\n${server.output()}`);
          });
          const present = await answersOf(url);
          assert.equal(present.streams, answers.streams);
          for (const [view, rows] of Object.entries(answers.views)) {
            const now = present.views[view] ?? [];
            assert.is(now.length, rows.length, view);
            rows.forEach((row, index) => assert.equal(common(now[index], row), common(row, now[index] ?? {}), view));
          }
          const { orderId, status } = await playOrder(url, 'u-', 10);
          await eventually('a new order ends as it should', async () => {
            const row = await fetch(`${url}/views/order-summary/${orderId}`);
            return row.ok && ((await row.json()) as Row)['status'] === status;
          });
          const rebuilt = await runTidemark(['rebuild', 'order-summary'], environment);
          assert.is(rebuilt.status, 0, rebuilt.output);
          assert.match(rebuilt.output, /equal: true/);
        } finally {
          assert.is(await server.end('SIGTERM'), 0, server.output());
        }
        for (const command of ['store', 'verify']) {
          const checked = await runTidemark([command], environment);
          assert.is(checked.status, 0, checked.output);
        }
      },
      { timeoutMs: 120_000 },
    );
});
