/** Somebody's own application, named on the command line: its contracts, its commands, its view, and nothing of the example. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { temporaryFolder } from '../infra/sqlite/temporary-folder';
import { spec } from '../spec';
import { eventually, freePort, isReady, runTidemark, startTidemark, type ServerProcess } from '../support/server';

const BUILD = join(__dirname, '..', '..');

/** As its author would write it, but for the paths of the imports. */
const applicationCode = (extension: 'cjs' | 'mjs'): string => {
  const imported = (path: string, name: string): string =>
    extension === 'cjs'
      ? `const { ${name} } = require('${join(BUILD, path)}');`
      : `import ${name}Module from '${join(BUILD, path)}.js'; const { ${name} } = ${name}Module;`;
  const shop =
    "defineApplication({ name: 'voucher-shop', aggregates: [voucherAggregate], projections: [voucherBalance] })";
  return [
    imported('projections/application', 'defineApplication'),
    imported('test/examples/voucher', 'voucherAggregate'),
    imported('test/examples/voucher-balance', 'voucherBalance'),
    extension === 'cjs' ? `module.exports = ${shop};` : `export default ${shop};`,
  ].join('\n');
};

spec('an application of its own', ({ test, after }) => {
  const servers: ServerProcess[] = [];
  after(async () => {
    for (const server of servers) await server.end('SIGKILL');
  });

  for (const extension of ['cjs', 'mjs'] as const)
    test(`is accepted, checked and served from a .${extension} file`, async () => {
      const folder = temporaryFolder();
      const file = join(folder, `shop.${extension}`);
      writeFileSync(file, applicationCode(extension));
      const port = await freePort();
      const url = `http://127.0.0.1:${port}`;
      const environment = { PORT: String(port), DATA_DIR: join(folder, 'data') };

      const unaccepted = await runTidemark(['--app', file, 'serve'], environment);
      assert.is(unaccepted.status, 1);
      assert.match(unaccepted.output, /contracts\/lock\.json does not exist.*contracts accept/);
      assert.is((await runTidemark(['--app', file, 'contracts', 'accept'], environment)).status, 0);
      assert.ok(existsSync(join(folder, 'contracts', 'lock.json')));
      const checked = await runTidemark(['--app', file, 'contracts', 'check'], environment);
      assert.is(checked.status, 0, checked.output);
      assert.match(checked.output, /^contracts: 2 events in 2 versions, as recorded in .*contracts\/lock\.json$/m);

      const server = startTidemark(['--app', file, 'serve'], environment);
      servers.push(server);
      await eventually('the program is ready', async () => isReady(url)).catch((error: unknown) => {
        throw new Error(`${String(error)}\n${server.output()}`);
      });
      const post = async (path: string): Promise<Response> =>
        fetch(`${url}${path}`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ customerId: 'c1', amount: 500, currency: 'EUR', issuedAt: '2026-01-01T12:00:00Z' }),
        });
      const issued = await post('/vouchers/v1/issue');
      assert.is(issued.status, 201);
      const token = issued.headers.get('consistency-token') ?? '';
      const row = await fetch(`${url}/views/voucher-balance/c1:EUR?wait=10000`, {
        headers: { 'consistency-token': token },
      });
      assert.equal(await row.json(), { customerId: 'c1', currency: 'EUR', vouchers: 1, amount: 500 });
      assert.is((await post('/orders/o1/place')).status, 404);
      assert.is((await fetch(`${url}/views/order-summary`)).status, 404);
      assert.is(await server.end('SIGTERM'), 0);

      const verified = await runTidemark(['--app', file, 'verify'], environment);
      assert.is(verified.status, 0, verified.output);
      assert.match(verified.output, /^voucher-balance: 1 rows match the 1 events/m);
    });

  test('says so where the file is not there, or exports no application', async () => {
    const folder = temporaryFolder();
    const missing = await runTidemark(['--app', join(folder, 'nothing.js'), 'contracts', 'list'], {});
    assert.is(missing.status, 1);
    assert.match(missing.output, /^tidemark: --app names .*nothing\.js, which does not exist$/m);
    const file = join(folder, 'empty.cjs');
    writeFileSync(file, 'module.exports = {};');
    const empty = await runTidemark(['--app', file, 'contracts', 'list'], {});
    assert.is(empty.status, 1);
    assert.match(empty.output, /^tidemark: .*empty\.cjs exports no application; it takes `export default/m);
  });
});
