/** Faults planted on purpose, and whether they are found: a bug in a projector, and a log that is not the store's history. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { systemClock } from '../../../infra/clock';
import { openLog } from '../../../infra/broker/open-log';
import { silentLogger } from '../../../infra/logger';
import type { LogComparison } from '../../../infra/log-audit/compare-log';
import { openEventReader } from '../../../infra/sqlite/event-feed';
import { publishCorrupted } from '../../support/corrupted-log';
import { eventually } from '../../support/server';
import { rebuildAsked } from './scale-rebuilds';
import { must, placeOrder, runToEnd, say, seconds, start, type Bench } from './scale-world';

/** A projector's bug is caught by verify, explained, and its rows are put right by a rebuild that waits for an operator. */
export const plantedBug = async (bench: Bench): Promise<void> => {
  const clean = await seconds(async () => {
    const { status, output } = await runToEnd(bench, ['verify', 'order-summary']);
    must(status === 0, `verify agrees: ${output.trim().split('\n').at(-1) ?? ''}`);
  });
  say(`verify order-summary takes ${clean.toFixed(1)} s`);
  bench.figures['verifySeconds'] = clean;
  await bench.running.get('projections')?.end('SIGTERM');
  const planted = spawn(process.execPath, [join(__dirname, 'planted-projections.js')], {
    env: { PATH: process.env['PATH'] ?? '', ...bench.environment },
    stdio: 'ignore',
  });
  for (let index = 0; index < 25; index += 1) await placeOrder(bench, `b${index}`);
  await eventually(
    'the bug has done its work',
    async () => {
      const response = await fetch(`${bench.url}/views/order-summary/b24`);
      return response.ok && ((await response.json()) as { amount: number }).amount === 1_551;
    },
    60_000,
  );
  planted.kill('SIGTERM');
  await new Promise((resolve) => planted.on('exit', resolve));
  start(bench, 'projections');
  const verified = await runToEnd(bench, ['verify', 'order-summary']);
  must(
    verified.status === 1 && /25 differ/.test(verified.output),
    'the planted bug is caught by verify: 25 rows differ',
  );
  const told = await seconds(async () => {
    const explained = await runToEnd(bench, ['explain', 'order-summary', 'b7']);
    must(
      /but its events make .*"amount":1550/.test(explained.output) && /order-b7@1 OrderPlaced/.test(explained.output),
      'explain tells which event made the row, and what it should say',
    );
  });
  say(`explain takes ${told.toFixed(1)} s`);
  bench.figures['explainSeconds'] = told;
  const waiting = await rebuildAsked(bench, 'order-summary');
  must(waiting.status === 2 && waiting.statuses[0]?.differences?.count === 25, 'a rebuild waits, with the 25 rows');
  const accepted = await rebuildAsked(bench, '--accept-differences', String(waiting.statuses[0]?.id ?? 0));
  must(accepted.status === 0, 'accepted, it is served');
};

/** The log agrees with the store; one that does not is found out. */
export const corruptedLog = async (bench: Bench): Promise<void> => {
  let output = '';
  const clean = await seconds(async () => {
    const verified = await runToEnd(bench, ['verify', '--log']);
    output = verified.output.trim().split('\n').at(-1) ?? '';
    must(verified.status === 0, `verify --log agrees: ${verified.status === 0 ? output : verified.output}`);
  });
  say(`verify --log takes ${clean.toFixed(1)} s`);
  bench.figures['verifyLogSeconds'] = clean;
  const configuration = { kafka: { brokers: bench.servers, securityProtocol: 'plaintext' as const } };
  const log = await openLog({ configuration, clock: systemClock, logger: silentLogger });
  const store = openEventReader(join(bench.data, 'store.sqlite'));
  await publishCorrupted(log, store, 'bad-', store.lastPosition());
  store.close();
  await log.close();
  const environment = { ...bench.environment, KAFKA_TOPIC_PREFIX: 'bad-' };
  const verified = await runToEnd({ ...bench, environment }, ['verify', '--log', '--json']);
  const found = JSON.parse(verified.output.trim().split('\n').at(-1) ?? '{}') as LogComparison;
  for (const { kind, topic, partition, offset, id, detail } of found.findings) {
    say(`  ${kind}: ${topic}/${partition} ${offset ?? ''} ${id ?? ''}: ${detail}`);
  }
  const { missing, extra, outOfOrder, altered } = found;
  must(
    verified.status === 1 && [missing, extra, outOfOrder, altered].join() === '1,1,1,1',
    'verify --log finds each of four planted corruptions',
  );
};
