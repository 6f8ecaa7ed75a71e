/**
 * Keeps data files of this release in test/fixtures/upgrade (`make upgrade-fixture`, before a release): five orders of every
 * outcome, through the program as it is built.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '../infra/sqlite/temporary-folder';
import { eventually, freePort, isReady, startTidemark } from '../support/server';
import { playOrder, stockUp, type Expectation } from '../support/workload';
import { answersOf, keep, PAYMENT_TERM_MS, releases, type Row } from './fixture';

const ORDERS = 5;

const main = async (): Promise<void> => {
  const manifest = readFileSync(join(__dirname, '..', '..', '..', 'package.json'), 'utf8');
  const { version } = JSON.parse(manifest) as { readonly version: string };
  if (releases().includes(version)) throw new Error(`the files of ${version} are kept already, and never made again`);
  const port = await freePort();
  const [url, data] = [`http://127.0.0.1:${port}`, temporaryFolder()];
  const server = startTidemark(['serve'], { PORT: String(port), DATA_DIR: data, PAYMENT_TERM_MS });
  await eventually('the server is ready', async () => isReady(url));
  await stockUp(url, 'u-');
  const expected: Expectation[] = [];
  for (let index = 0; index < ORDERS; index += 1) expected.push(await playOrder(url, 'u-', index));
  await eventually('every order has ended', async () => {
    const rows = new Map((await answersOf(url)).views['order-summary']?.map((row: Row) => [row['orderId'], row]));
    return expected.every(({ orderId, status, paid }) => {
      const row = rows.get(orderId);
      return row?.['status'] === status && row['paid'] === paid;
    });
  });
  const isThrough = async (): Promise<boolean> => {
    const response = await fetch(`${url}/ops/stages`);
    return ((await response.json()) as { readonly slowest: unknown }).slowest === null;
  };
  await eventually('every stage is through', isThrough);
  const answers = await answersOf(url);
  const status = await server.end('SIGTERM');
  if (status !== 0) throw new Error(server.output());
  process.stdout.write(`kept in ${keep(version, data, answers)}\n`);
};

void main();
