/** What a client does to idempotency keys is nothing to the reactors. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { spec } from '../spec';
import { eventually, freePort, isReady, startTidemark, type ServerProcess } from '../support/server';

const placedAt = '2026-01-01T12:00:00Z';

spec('a client who plants the keys of a process', ({ test, before, after }) => {
  let url = '';
  let server: ServerProcess | undefined;
  const post = async (path: string, body: unknown, key: string): Promise<number> => {
    const headers = { 'content-type': 'application/json', 'idempotency-key': key };
    return (await fetch(`${url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) })).status;
  };
  before(async () => {
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    server = startTidemark(['serve'], {
      PORT: String(port),
      DATA_DIR: mkdtempSync(join(tmpdir(), 'tidemark-planted-')),
    });
    await eventually('the server is ready', () => isReady(url));
  });
  after(async () => {
    await server?.end('SIGKILL');
  });

  test('does not keep the stock of a later order from being reserved', async () => {
    const lines = [{ sku: 's1', quantity: 1, unitPrice: 100, freight: 5 }];
    const order = { customerId: 'c1', currency: 'EUR', placedAt, lines };
    assert.is(await post('/stock/s1/receive', { receiptId: 'r1', quantity: 5, receivedAt: placedAt }, 'stock'), 201);
    assert.is(await post('/orders/decoy/place', order, 'fulfilment/order-victim@1/reserve/s1'), 201);
    assert.is(await post('/orders/victim/place', order, 'place'), 201);
    await eventually('both orders have their pieces', async () => {
      const answer = await fetch(`${url}/views/stock-level/s1`);
      return answer.status === 200 && ((await answer.json()) as { readonly reserved?: number }).reserved === 2;
    });
  });
});
