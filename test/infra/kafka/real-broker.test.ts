/** Starting a real broker: what it needs, what it is told, and what stands in its way. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { systemClock } from '../../../infra/clock';
import { isRunning } from '../../../infra/kafka/real-broker/broker-libraries';
import { brokerPropertiesText, readIdentity } from '../../../infra/kafka/real-broker/broker-properties';
import { startBroker } from '../../../infra/kafka/real-broker/start-broker';
import { javaVersion } from '../../../infra/kafka/real-broker/tools';
import { silentLogger } from '../../../infra/logger';
import { spec } from '../../spec';
import { whyNoKafka } from '../../support/kafka';
import { specUnless } from '../../support/kafka-spec';
import { eventually } from '../../support/server';
import { failureOf } from './log-fixture';

void whyNoKafka().then((missing) => {
  spec('the versions of Java', ({ test }) => {
    const versions: ReadonlyArray<readonly [string, number | undefined]> = [
      ['openjdk version "17.0.15" 2025-04-15', 17],
      ['openjdk version "21" 2023-09-19', 21],
      ['java version "1.8.0_392"', 8],
      ['java: command not found', undefined],
    ];
    for (const [text, expected] of versions) {
      test(`are read: ${text}`, () => {
        assert.is(javaVersion(text), expected);
      });
    }
  });

  spec("the broker's own file", ({ test }) => {
    const identity = { nodeId: 42, port: 9192, controllerPort: 9193 };

    test('keeps what must stay the same over restarts', () => {
      const text = brokerPropertiesText({
        ...identity,
        logFolder: '/somewhere/log',
        extraListeners: [{ protocol: 'SASL_SSL', port: 9194 }],
        further: { 'num.io.threads': '2' },
      });
      assert.equal(readIdentity(text), identity);
      assert.match(
        text,
        /^listeners=PLAINTEXT:\/\/127.0.0.1:9192,SASL_SSL:\/\/127.0.0.1:9194,CONTROLLER:\/\/127.0.0.1:9193$/m,
      );
      assert.match(text, /^num.io.threads=2$/m);
    });

    test('that is no such file has no identity', () => {
      assert.is(readIdentity('node.id=1\n'), undefined);
    });
  });

  specUnless(missing, 'starting a real broker', ({ test }) => {
    test('on a port that is taken names the port before anything is started', async () => {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      const dataDirectory = mkdtempSync(join(tmpdir(), 'tidemark-taken-'));
      try {
        const failure = await failureOf(startBroker({ dataDirectory, port, clock: systemClock, logger: silentLogger }));
        assert.is(failure.name, 'PortTaken');
        assert.match(failure.message, `127.0.0.1:${port}`);
      } finally {
        server.close();
        rmSync(dataDirectory, { recursive: true, force: true });
      }
    });

    test(
      'leaves none behind when its starter is killed',
      async () => {
        const dataDirectory = mkdtempSync(join(tmpdir(), 'tidemark-host-'));
        const host = spawn(process.execPath, [join(__dirname, 'broker-host.js'), dataDirectory], {
          stdio: ['ignore', 'pipe', 'inherit'],
        });
        const killHost = (): void => void host.kill('SIGKILL');
        process.once('exit', killHost);
        let output = '';
        host.stdout.on('data', (chunk: Buffer) => {
          output += chunk.toString('utf8');
        });
        await eventually('the broker has started', async () => Promise.resolve(output.includes('\n')), 80_000);
        assert.ok(isRunning(Number(output)));
        killHost();
        await eventually('the broker has gone', async () => Promise.resolve(!isRunning(Number(output))));
        process.off('exit', killHost);
        rmSync(dataDirectory, { recursive: true, force: true });
      },
      { timeoutMs: 120_000 },
    );
  });
});
