/** The whole program as its users run it, started and stopped over one data folder. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { eventually, freePort, runTidemark, startTidemark, type ServerProcess } from './server';

/** An answer with a JSON body. */
export interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** One installation with a folder and a port of its own. */
export interface Installation {
  readonly directory: string;
  readonly start: (settings?: Readonly<Record<string, string>>) => Promise<void>;
  readonly stop: () => Promise<void>;
  readonly kill: () => Promise<void>;
  readonly get: (path: string) => Promise<Answer>;
  readonly place: (orderId: string) => Promise<Answer>;
  readonly isInView: (orderId: string) => Promise<boolean>;
  readonly tidemark: (
    parameters: ReadonlyArray<string>,
    settings?: Readonly<Record<string, string>>,
  ) => ReturnType<typeof runTidemark>;
}

const REQUEST_TIMEOUT_MS = 8_000;

/** Makes one; nothing runs yet. */
export const installation = async (settings: Readonly<Record<string, string>>): Promise<Installation> => {
  const port = await freePort();
  const directory = mkdtempSync(join(tmpdir(), 'tidemark-identity-'));
  const url = `http://127.0.0.1:${port}`;
  let server: ServerProcess | undefined;
  const environment = { ...settings, PORT: String(port), DATA_DIR: directory };
  const get = async (path: string): Promise<Answer> => {
    const response = await fetch(`${url}${path}`, {
      headers: { connection: 'close' },
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    });
    return { status: response.status, body: (await response.json()) as Answer['body'] };
  };
  return {
    directory,
    get,
    start: async (more = {}) => {
      server = startTidemark(['serve'], { ...environment, ...more });
      await eventually('it answers', async () => (await get('/health/live')).status === 200);
    },
    stop: async () => {
      assert.is(await server?.end('SIGTERM'), 0, server?.output());
    },
    kill: async () => {
      await server?.end('SIGKILL');
    },
    place: async (orderId) => {
      const response = await fetch(`${url}/orders/${orderId}/place`, {
        method: 'POST',
        headers: { connection: 'close', 'content-type': 'application/json', 'idempotency-key': `place-${orderId}` },
        body: JSON.stringify({
          customerId: 'c1',
          currency: 'EUR',
          placedAt: '2026-01-01T12:00:00Z',
          lines: [{ sku: 's1', quantity: 1, unitPrice: 100, freight: 5 }],
        }),
        signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
      });
      return { status: response.status, body: (await response.json()) as Answer['body'] };
    },
    isInView: async (orderId) => (await get(`/views/order-summary/${orderId}`)).status === 200,
    tidemark: (parameters, more = {}) => runTidemark(parameters, { ...environment, ...more }),
  };
};

/** Places an order, and waits for its row. */
export const placed = async (of: Installation, orderId: string): Promise<void> => {
  const { status, body } = await of.place(orderId);
  assert.is(status, 201, JSON.stringify(body));
  await eventually(`${orderId} is in the view`, () => of.isInView(orderId));
};
