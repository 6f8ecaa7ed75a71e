/** The writer of server-sent events: bounded for each client, and in their number. */
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import * as assert from 'uvu/assert';
import { eventStreams, type EventStream, type EventStreams } from '../../api/http/event-stream';
import type { ProblemError } from '../../api/http/problem';
import { systemClock } from '../../infra/clock';
import { spec } from '../spec';
import { eventually } from '../support/server';

/** A server that opens a stream for each request. */
const serverOf = (streams: EventStreams, opened: (EventStream | ProblemError)[]): Server =>
  createServer((_request, raw: ServerResponse) => {
    try {
      opened.push(streams.open({ raw, hijack: () => undefined as never }));
    } catch (error) {
      opened.push(error as ProblemError);
      raw.writeHead(503).end();
    }
  }).listen(0, '127.0.0.1');

const portOf = (server: Server): number => (server.address() as AddressInfo).port;

spec('a stream of events', ({ test }) => {
  test('cuts off a client that does not read, and keeps no more of it than the limit', async () => {
    const maxUnsentBytes = 64 * 1_024;
    const streams = eventStreams({ clock: systemClock, maxUnsentBytes });
    const opened: (EventStream | ProblemError)[] = [];
    const server = serverOf(streams, opened);
    await new Promise((resolve) => server.once('listening', resolve));
    const client = connect(portOf(server), '127.0.0.1');
    client.pause();
    client.on('error', () => undefined);
    client.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
    await eventually('it is open', async () => Promise.resolve(opened.length === 1));
    const stream = opened[0] as EventStream;
    const data = 'x'.repeat(16_384);
    let sent = 0;
    // What the kernel takes is not the server's memory; then it fills up to the limit, and no further.
    while (sent < 10_000 && stream.send({ data })) {
      sent += 1;
      if (sent % 50 === 0) await systemClock.sleep(1);
    }
    assert.ok(sent < 10_000, 'the client was never cut off');
    assert.is(stream.signal.aborted, true);
    assert.is(stream.send({ data }), false);
    client.destroy();
    server.close();
  });

  test('is refused beyond the limit of open streams, and taken again once one has ended', async () => {
    const streams = eventStreams({ clock: systemClock, maxStreams: 2 });
    const opened: (EventStream | ProblemError)[] = [];
    const server = serverOf(streams, opened);
    await new Promise((resolve) => server.once('listening', resolve));
    const url = `http://127.0.0.1:${portOf(server)}/`;
    const first = new AbortController();
    const answers = [await fetch(url, { signal: first.signal }), await fetch(url), await fetch(url)];
    assert.equal(
      answers.map(({ status }) => status),
      [200, 200, 503],
    );
    assert.is((opened[2] as ProblemError).problem.type, '/problems/overloaded');
    first.abort();
    await eventually('the first one is over', async () => Promise.resolve((opened[0] as EventStream).signal.aborted));
    assert.is((await fetch(url)).status, 200);
    streams.stop();
    assert.is((await fetch(url)).status, 503);
    server.closeAllConnections();
    server.close();
  });

  test('says now and then that it is there', async () => {
    const streams = eventStreams({ clock: systemClock, heartbeatMs: 5 });
    const server = serverOf(streams, []);
    await new Promise((resolve) => server.once('listening', resolve));
    const response = await fetch(`http://127.0.0.1:${portOf(server)}/`);
    let text = '';
    for await (const chunk of response.body ?? []) {
      text += Buffer.from(chunk as Uint8Array).toString('utf8');
      if (text.split(': here\n\n').length > 2) break;
    }
    assert.match(text, /^retry: 1000\n\n: here\n\n: here/);
    streams.stop();
    server.closeAllConnections();
    server.close();
  });
});
