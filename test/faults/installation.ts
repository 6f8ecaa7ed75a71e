/** An installation in four processes on a broker of its own, with a trickle of commands through it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../infra/clock';
import { eventually, freePort, startTidemark, type ServerProcess } from '../support/server';

const ROLES = { api: 'api', relay: 'relay', projections: 'projections', reactors: 'reactors' } as const;
export type Part = keyof typeof ROLES;
export const parts = Object.keys(ROLES) as ReadonlyArray<Part>;

const APPLICATION = join(__dirname, 'faulty-application.js');
/** Of every process, and of whoever looks at them. */
export const KEY = 'operator-key-0001';
const REQUEST_TIMEOUT_MS = 5_000;
const TRICKLE_INTERVAL_MS = 250;

/** What readiness says of a stage. */
export interface Named {
  readonly stage: string;
  readonly state: string;
  readonly reason: string;
}

export interface Installation {
  readonly ports: ReadonlyMap<Part, number>;
  readonly start: (part: Part, settings?: Readonly<Record<string, string>>) => void;
  readonly signal: (part: Part, signal: NodeJS.Signals) => void;
  /** Waits for its end. */
  readonly end: (part: Part, signal: NodeJS.Signals) => Promise<void>;
  /** What the handler of order-summary does from now on: nothing special, or what is named. */
  readonly handler: (fault: '' | 'slow' | 'hang') => void;
  readonly receiveStock: (sku: string) => Promise<void>;
  /** What the stages name. */
  readonly findings: () => Promise<ReadonlyArray<Named>>;
  /** What readiness names, standing in the way or not. */
  readonly named: () => Promise<ReadonlyArray<Named>>;
  readonly output: () => string;
  readonly stop: () => Promise<void>;
}

/** Starts all parts and waits until they are ready. */
export const startInstallation = async (servers: string): Promise<Installation> => {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-faults-'));
  const faultFile = join(folder, 'fault');
  const ports = new Map<Part, number>();
  for (const part of parts) ports.set(part, await freePort());
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const send = async (path: string, body: unknown): Promise<Response> =>
    fetch(`${url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${KEY}` },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    });
  const running = new Map<Part, ServerProcess>();
  const start: Installation['start'] = (part, settings = {}) => {
    const environment = {
      PORT: String(port),
      BASE_URL: url,
      DATA_DIR: join(folder, 'data'),
      KAFKA_BROKERS: servers,
      API_KEYS: `ops:operator:${KEY}`,
      API_KEY: KEY,
      OPS_PORT: String(ports.get(part)),
      FAULT_FILE: faultFile,
      ...settings,
    };
    running.set(part, startTidemark(['--app', APPLICATION, 'serve', '--roles', ROLES[part]], environment));
  };
  for (const part of parts) start(part);
  const ready = async (): Promise<boolean> => (await fetch(`${url}/health/ready`)).ok;
  await eventually('the installation is ready', ready, 60_000).catch((error: unknown) => {
    throw new Error(`${String(error)}\n${[...running.values()].map(({ output }) => output()).join('\n')}`);
  });

  const stopping = new AbortController();
  let placed = 0;
  let receipts = 0;
  const trickle = (async () => {
    while (!stopping.signal.aborted) {
      placed += 1;
      const order = {
        customerId: 'c1',
        currency: 'EUR',
        placedAt: '2018-03-01T08:00:00Z',
        lines: [{ sku: 'none', quantity: 1, unitPrice: 100, freight: 0 }],
      };
      await send(`/orders/o${placed}/place`, order).catch(() => undefined);
      await systemClock.sleep(TRICKLE_INTERVAL_MS, stopping.signal);
    }
  })();

  return {
    ports,
    start,
    signal: (part, signal) => {
      const pid = running.get(part)?.pid;
      if (pid !== undefined) process.kill(pid, signal);
    },
    end: async (part, signal) => {
      await running.get(part)?.end(signal);
    },
    handler: (fault) => writeFileSync(faultFile, fault),
    receiveStock: async (sku) => {
      receipts += 1;
      const body = { receiptId: `r${receipts}`, quantity: 1, receivedAt: '2018-03-01T08:00:00Z' };
      const { status } = await send(`/stock/${sku}/receive`, body);
      if (status > 201) throw new Error(`the receipt was answered ${status}`);
    },
    findings: async () => {
      const headers = { authorization: `Bearer ${KEY}` };
      const answer = (await (await fetch(`${url}/ops/stages`, { headers })).json()) as {
        readonly findings?: ReadonlyArray<Named>;
      };
      return answer.findings ?? [];
    },
    named: async () => {
      const answer = (await (await fetch(`${url}/health/ready`)).json()) as {
        readonly reasons?: ReadonlyArray<Named>;
        readonly notices?: ReadonlyArray<Named>;
      };
      return [...(answer.reasons ?? []), ...(answer.notices ?? [])];
    },
    output: () => [...running].map(([part, { output }]) => `== ${part}\n${output()}`).join('\n'),
    stop: async () => {
      stopping.abort();
      await trickle;
      for (const server of running.values()) await server.end('SIGKILL');
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
};
