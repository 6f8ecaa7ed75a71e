/** Views as they change: over a real connection, with views that the test controls. */
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import * as assert from 'uvu/assert';
import type { ViewRow } from '../../projections/view-reader';
import { spec } from '../spec';
import { followEvents, type FollowedEvents } from '../support/followed-events';
import { eventually } from '../support/server';
import { apiFixture } from './api-fixture';

const row = (orderId: string, status: string): ViewRow => ({ orderId, status, amount: 1, lines: [] });

/** What a client has that applies the events one by one. */
const rowsAfter = (events: ReadonlyArray<unknown>): Readonly<Record<string, unknown>> => {
  const rows = new Map<string, unknown>();
  for (const event of events) {
    if (!Array.isArray(event)) continue;
    const [kind, key, status] = event as [string, string, unknown];
    if (kind === 'row') rows.set(key, status);
    else rows.delete(key);
  }
  return Object.fromEntries([...rows].sort(([left], [right]) => (left < right ? -1 : 1)));
};

spec('a live view', ({ test, before, after }) => {
  const { app, views, get } = apiFixture();
  let url = '';
  before(async () => {
    await app.listen({ host: '127.0.0.1', port: 0 });
    url = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}/views/order-summary`;
  });
  after(() => app.close());

  const got = ({ events }: FollowedEvents, after = 0): ReadonlyArray<unknown> =>
    events.slice(after).map(({ event, data }) => {
      const { key, row: found } = JSON.parse(data ?? '{}') as { readonly key?: string; readonly row?: ViewRow };
      return key === undefined ? event : [event, key, ...(found === undefined ? [] : [found['status']])];
    });
  const has = async (stream: FollowedEvents, events: number): Promise<void> =>
    eventually(`${events} events`, async () => Promise.resolve(stream.events.length >= events));

  test('begins with its rows, and goes on with those that change, come and go', async () => {
    views.setRows('order-summary', [row('o1', 'placed'), row('o2', 'placed')]);
    const stream = await followEvents(`${url}?live`);
    await has(stream, 4);
    assert.equal(got(stream), ['reset', ['row', 'o1', 'placed'], ['row', 'o2', 'placed'], 'ready']);
    views.setRows('order-summary', [row('o2', 'shipped'), row('o3', 'placed')]);
    await has(stream, 7);
    assert.equal(got(stream, 4), [
      ['row', 'o2', 'shipped'],
      ['row', 'o3', 'placed'],
      ['removed', 'o1'],
    ]);
    stream.stop();
  });

  test('goes on where a client has lost it, with what it has missed and nothing else', async () => {
    views.setRows('order-summary', [row('o1', 'placed'), row('o2', 'placed')]);
    const first = await followEvents(`${url}?live=true`);
    // The rows of the test before may still be what was last looked at: what counts is where it leads.
    await eventually('it has the rows', async () =>
      Promise.resolve(JSON.stringify(rowsAfter(got(first))) === '{"o1":"placed","o2":"placed"}'),
    );
    const id = first.events.at(-1)?.id ?? '';
    first.stop();
    views.setRows('order-summary', [row('o1', 'cancelled'), row('o2', 'placed')]);
    const second = await followEvents(`${url}?live=true`, { 'last-event-id': id });
    await has(second, 1);
    assert.equal(got(second), [['row', 'o1', 'cancelled']]);
    second.stop();
    const stranger = await followEvents(`${url}?live`, { 'last-event-id': 'another-run.7' });
    await has(stranger, 4);
    assert.is(got(stranger)[0], 'reset');
    stranger.stop();
  });

  test('of one row tells of it alone, also where it does not exist yet', async () => {
    views.setRows('order-summary', [row('o1', 'placed')]);
    const stream = await followEvents(`${url}/o7?live`);
    await has(stream, 2);
    assert.equal(got(stream), ['reset', 'ready']);
    views.setRows('order-summary', [row('o1', 'shipped'), row('o7', 'placed')]);
    await has(stream, 3);
    assert.equal(got(stream, 2), [['row', 'o7', 'placed']]);
    stream.stop();
  });

  test('refuses what it cannot follow', async () => {
    assert.is((await get('/views/order-summary?live&limit=3')).body['type'], '/problems/parameters-conflict');
    assert.is((await get('/views/order-summary?live=perhaps')).body['type'], '/problems/invalid-parameter');
    assert.is((await get('/views/order-summary?live&colour=red')).body['type'], '/problems/invalid-parameter');
  });

  test('keeps nothing for a client that does not read, and goes on for the others', async () => {
    const text = 'x'.repeat(4_000);
    views.setRows(
      'order-summary',
      Array.from({ length: 5_000 }, (_each, index) => row(`o${index}`, text)),
    );
    const { port } = new URL(url);
    const sleeper = connect(Number(port), '127.0.0.1');
    sleeper.pause();
    sleeper.on('error', () => undefined);
    sleeper.write('GET /views/order-summary?live HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n');
    const reader = await followEvents(`${url}?live`);
    await has(reader, 5_002);
    const { heapUsed } = process.memoryUsage();
    assert.ok(heapUsed < 400_000_000, `${heapUsed} bytes`);
    reader.stop();
    sleeper.destroy();
  });
});
