/** What the steps of a replay at scale share: processes of the program over one store and one Kafka, and how they fare. */
import { existsSync, readFileSync } from 'node:fs';
import { systemClock } from '../../../infra/clock';
import { eventually, startTidemark, type ServerProcess } from '../../support/server';
import { post } from '../../support/workload';

export const LONG_MS = 900_000;
export const PROJECTIONS = ['order-summary', 'stock-level', 'customer-orders', 'sales-by-day'];

/** Says what happens, with the time. */
export const say = (text: string): void =>
  void process.stdout.write(`${new Date().toISOString().slice(11, 19)} ${text}\n`);

/** How long some work takes. */
export const seconds = async (work: () => Promise<unknown>): Promise<number> => {
  const startedMs = systemClock.monotonicMs();
  await work();
  return (systemClock.monotonicMs() - startedMs) / 1_000;
};

/** Throws where what was promised does not hold. */
export const must = (holds: boolean, sentence: string): void => {
  if (!holds) throw new Error(`does not hold: ${sentence}`);
  say(`holds: ${sentence}`);
};

/** For people. */
export const perSecond = (events: number, time: number): string => `${Math.round(events / time)} events/s`;

/** The figures that a run comes to. */
export type Figures = Record<string, number>;

/** The world. */
export interface Bench {
  readonly servers: string;
  readonly url: string;
  readonly data: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly events: number;
  readonly running: Map<string, ServerProcess>;
  /** The most memory of each job so far, in MB: the projections' role, and commands by their names. */
  readonly peaksMb: Map<string, number>;
  readonly figures: Figures;
}

/** Reads one of the program's routes. */
export const get = async ({ url }: Pick<Bench, 'url'>, path: string): Promise<unknown> =>
  (await fetch(`${url}${path}`)).json();

/** Starts a role in a process of its own. */
export const start = ({ running, environment, peaksMb }: Bench, role: string): void => {
  const server = startTidemark(['serve', '--roles', role, '--json'], environment);
  running.set(role, server);
  void watchMemory(server, role, peaksMb);
};

/** Runs a command to its end, however long it takes. */
export const runToEnd = async (
  { environment, peaksMb }: Pick<Bench, 'environment' | 'peaksMb'>,
  parameters: ReadonlyArray<string>,
): Promise<{ readonly status: number | string; readonly output: string }> => {
  const name = parameters.slice(0, parameters[1]?.startsWith('--') === true ? 2 : 1).join(' ');
  const child = startTidemark(parameters, environment);
  void watchMemory(child, name, peaksMb);
  await eventually(`${name} ends`, async () => Promise.resolve(!child.isRunning()), LONG_MS);
  return { status: await child.end('SIGTERM'), output: child.output() };
};

/** The highest resident size of a process, sampled. */
const watchMemory = async (child: ServerProcess, name: string, peaksMb: Map<string, number>): Promise<void> => {
  while (child.isRunning()) {
    const file = `/proc/${child.pid ?? 0}/status`;
    const kb = existsSync(file) ? /VmHWM:\s+(\d+) kB/.exec(readFileSync(file, 'utf8'))?.[1] : undefined;
    peaksMb.set(name, Math.max(peaksMb.get(name) ?? 0, Math.round(Number(kb ?? 0) / 1_024)));
    await systemClock.sleep(200);
  }
};

/** Everything is published, and every group has it. */
export const groupsAreEven = async (bench: Bench): Promise<boolean> => {
  const { items } = (await get(bench, '/ops/groups')) as {
    items: { lag: number | null; state: string; partitions: { nextOffset: number }[] }[];
  };
  const relay = (await get(bench, '/ops/relay')) as { lagEvents: number };
  const isEven = items.every(({ lag, state }) => lag === 0 && state === 'running');
  return relay.lagEvents === 0 && items.length === PROJECTIONS.length && isEven;
};

/** Posts orders until it is told to stop; returns how many. */
export const commandsArriving = (bench: Bench, prefix: string) => {
  let count = 0;
  const stopping = new AbortController();
  const posting = (async () => {
    while (!stopping.signal.aborted) {
      count += 1;
      await placeOrder(bench, `${prefix}${count}`);
      await systemClock.sleep(10);
    }
  })();
  return async (): Promise<number> => {
    stopping.abort();
    await posting;
    return count;
  };
};

/** Places one. */
export const placeOrder = async ({ url }: Bench, id: string): Promise<void> => {
  const lines = [{ sku: 'kettle', quantity: 1, unitPrice: 1_250, freight: 300 }];
  const body = { customerId: 'arriving', currency: 'BRL', placedAt: '2018-09-01T12:00:00Z', lines };
  const { status } = await post(url, `/orders/${id}/place`, body);
  if (status > 201) throw new Error(`order ${id}: ${status}`);
};
