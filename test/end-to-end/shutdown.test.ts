/** The program leaves in order, whoever still holds a connection to it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { systemClock } from '../../infra/clock';
import { spec } from '../spec';
import { eventually, freePort, isReady, startTidemark } from '../support/server';

spec('SIGTERM', ({ test }) => {
  test(
    'stops every role in order and ends with 0, though connections never speak, or stop within a request',
    async () => {
      const directory = mkdtempSync(join(tmpdir(), 'tidemark-shutdown-'));
      const port = await freePort();
      const server = startTidemark(['serve', '--json'], { PORT: String(port), DATA_DIR: directory });
      const sockets: Socket[] = [];
      try {
        await eventually('the server is ready', async () => isReady(`http://127.0.0.1:${port}`), 40_000);
        const begun = 'POST /orders/o1/place HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n';
        for (const text of ['', 'GET /vi', `${begun}Content-Length: 100\r\n\r\n{`]) {
          const socket = connect(port, '127.0.0.1', () => socket.write(text));
          socket.on('error', () => undefined);
          sockets.push(socket);
        }
        await systemClock.sleep(300);
        assert.is(await server.end('SIGTERM'), 0, server.output());
        assert.match(server.output(), /"stopped"/);
        assert.not.match(server.output(), /did not stop cleanly|the shutdown deadline has passed/);
      } finally {
        for (const socket of sockets) socket.destroy();
        if (server.isRunning()) await server.end('SIGKILL');
        rmSync(directory, { recursive: true, force: true });
      }
    },
    { timeoutMs: 90_000 },
  );
});
