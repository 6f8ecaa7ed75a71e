/** The embedded broker as the log: the contract, its limits, and its end. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { systemClock } from '../../../infra/clock';
import { keepsHistory, type EventLog } from '../../../infra/kafka/event-log';
import { openLog } from '../../../infra/broker/open-log';
import { isRunning } from '../../../infra/kafka/real-broker/broker-libraries';
import { silentLogger } from '../../../infra/logger';
import { spec } from '../../spec';
import { eventually } from '../../support/server';
import { holdLogContract } from '../../contracts/event-log-contract';
import { failureOf, topicNamed } from './log-fixture';

const HOST = join(__dirname, 'embedded-host.js');

const open = async (): Promise<EventLog> => openLog({ configuration: {}, clock: systemClock, logger: silentLogger });

holdLogContract('the embedded broker as the log', { open, prefix: '' });

/** Starts a process with an embedded broker in it, and returns the two process ids. */
const startHost = async () => {
  const host = spawn(process.execPath, [HOST], { stdio: ['ignore', 'pipe', 'inherit'] });
  const killHost = (): void => void host.kill('SIGKILL');
  process.once('exit', killHost);
  const ended = new Promise<void>((resolve) => {
    host.on('exit', () => {
      process.off('exit', killHost);
      resolve();
    });
  });
  let output = '';
  host.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString('utf8');
  });
  await eventually('the broker has started', async () => Promise.resolve(output.includes('\n')));
  return { brokerPid: Number(output), host, ended };
};

spec('the embedded broker', ({ test }) => {
  test('is another log at every start', async () => {
    const ids: string[] = [];
    for (let start = 0; start < 2; start += 1) {
      const log = await open();
      const [topic] = await log.ensureTopics([topicNamed('orders')]);
      ids.push(topic?.logId ?? '');
      await log.close();
    }
    assert.not.ok(ids.some(keepsHistory));
    assert.match(ids[0] ?? '', /:orders$/);
    assert.is.not(ids[0], ids[1]);
  });

  test('refuses a partition count that it does not have, and says what to do', async () => {
    const log = await open();
    const { name, message } = await failureOf(log.ensureTopics([topicNamed('orders', 6)]));
    await log.close();
    assert.is(name, 'ConfigurationError');
    assert.match(message, /orders is declared with 6 partitions, but the embedded broker gives every topic 4/);
    assert.match(message, /declare 4 if its count is still open, or set KAFKA_BROKERS \('make kafka'/);
  });

  for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
    test(`leaves no process behind when its starter ends by ${signal}`, async () => {
      const { brokerPid, host, ended } = await startHost();
      assert.ok(brokerPid > 0 && isRunning(brokerPid));
      host.kill(signal);
      await ended;
      await eventually('the broker has gone', async () => Promise.resolve(!isRunning(brokerPid)));
    });
  }

  test('that was killed is named in whatever is asked of it', async () => {
    const { brokerPid, host, ended } = await startHost();
    let output = '';
    host.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString('utf8');
    });
    process.kill(brokerPid, 'SIGKILL');
    await ended;
    assert.match(output, 'logged: the embedded broker has ended (SIGKILL)');
    assert.match(output, 'described: the embedded broker has ended (SIGKILL)');
  });
});
