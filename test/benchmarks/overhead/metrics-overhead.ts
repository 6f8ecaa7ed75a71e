/**
 * What all metrics cost the command API: two servers, one with them and scraped every five seconds, one without, take the same commands in
 * many short rounds by turns (A B B A). The cost is the processor time of a command; the time that it took is printed beside it.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../../infra/clock';
import { quantileOf } from '../../../infra/quantile';
import { freePort } from '../../support/server';
import { noteResults } from '../benchmark-results';

const ROUNDS = Number(process.env['ROUNDS'] ?? '60');
const COMMANDS = 500;
const CONCURRENT = 8;
const SCRAPE_INTERVAL_MS = 5_000;
const LIMIT = 0.03;

interface Server {
  readonly url: string;
  readonly cpuMicros: () => Promise<number>;
  readonly process: ChildProcess;
}

const answer = async <Answer>(child: ChildProcess): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const onExit = (code: number | null): void => reject(new Error(`the server ended with ${code}`));
    child.once('exit', onExit);
    child.once('message', (message) => {
      child.off('exit', onExit);
      resolve(message as Answer);
    });
  });

const startServer = async (kind: 'with' | 'without', folder: string): Promise<Server> => {
  const environment = { ...process.env, PORT: String(await freePort()), DATA_DIR: join(folder, kind) };
  const child = fork(join(__dirname, 'measured-api.js'), [kind], { env: environment });
  const { url } = await answer<{ readonly url: string }>(child);
  return {
    url,
    process: child,
    cpuMicros: async () => {
      child.send('cpu');
      return (await answer<{ readonly cpuMicros: number }>(child)).cpuMicros;
    },
  };
};

let receipts = 0;

const send = async (url: string): Promise<void> => {
  receipts += 1;
  const response = await fetch(`${url}/stock/sku${receipts % 500}/receive`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ receiptId: `r${receipts}`, quantity: 1, receivedAt: '2018-03-01T08:00:00Z' }),
  });
  if (response.status > 201) throw new Error(`a command was answered ${response.status}`);
  await response.arrayBuffer();
};

interface Round {
  readonly cpuMicros: number;
  readonly micros: number;
}

/** One round: what a command cost, and how long it took. */
const round = async ({ url, cpuMicros }: Server): Promise<Round> => {
  const cpuBefore = await cpuMicros();
  const startedMs = systemClock.monotonicMs();
  let left = COMMANDS;
  await Promise.all(
    Array.from({ length: CONCURRENT }, async () => {
      while (left > 0) {
        left -= 1;
        await send(url);
      }
    }),
  );
  const micros = ((systemClock.monotonicMs() - startedMs) * 1_000) / COMMANDS;
  return { micros, cpuMicros: ((await cpuMicros()) - cpuBefore) / COMMANDS };
};

const summary = (ratios: ReadonlyArray<number>) => ({
  median: quantileOf(ratios, 0.5) - 1,
  lowerQuartile: quantileOf(ratios, 0.25) - 1,
  upperQuartile: quantileOf(ratios, 0.75) - 1,
});

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;

const main = async (): Promise<void> => {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-overhead-'));
  const [measured, plain] = [await startServer('with', folder), await startServer('without', folder)];
  const stopping = new AbortController();
  const scraping = (async () => {
    while (!stopping.signal.aborted) {
      await (await fetch(`${measured.url}/metrics`)).text();
      await systemClock.sleep(SCRAPE_INTERVAL_MS, stopping.signal);
    }
  })();
  try {
    for (let warmUp = 0; warmUp < 8; warmUp += 1) for (const server of [measured, plain]) await round(server);
    const pairs: { readonly a: Round; readonly b: Round }[] = [];
    for (let count = 0; count < ROUNDS; count += 1) {
      const isFirst = count % 2 === 0;
      const first = await round(isFirst ? measured : plain);
      const second = await round(isFirst ? plain : measured);
      pairs.push(isFirst ? { a: first, b: second } : { a: second, b: first });
    }
    const cost = summary(pairs.map(({ a, b }) => a.cpuMicros / b.cpuMicros));
    const time = summary(pairs.map(({ a, b }) => a.micros / b.micros));
    const micros = quantileOf(
      pairs.map(({ b }) => b.cpuMicros),
      0.5,
    );
    for (const [what, { median, lowerQuartile, upperQuartile }] of Object.entries({ 'processor time': cost, time }))
      process.stdout.write(
        `${what.padEnd(16)} ${percent(median)} (quartiles ${percent(lowerQuartile)} to ${percent(upperQuartile)})\n`,
      );
    process.stdout.write(
      `${ROUNDS} pairs of ${COMMANDS} commands; ${micros.toFixed(0)} microseconds each without metrics\n`,
    );
    noteResults('metricsOverhead', { pairs: ROUNDS, commands: COMMANDS, cpuMicros: micros, cost, time, gate: LIMIT });
    if (cost.median > LIMIT) process.exitCode = 1;
  } finally {
    stopping.abort();
    await scraping;
    for (const { process: child } of [measured, plain]) child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
};

void main();
