/** No request holds the others up: hostile bodies, long histories, large events. */
import * as assert from 'uvu/assert';
import { expensiveReads } from '../../api/http/expensive-reads';
import type { EventStore, NewEvent } from '../../domain/kernel/event-store';
import { systemClock } from '../../infra/clock';
import { inMemoryEventStore } from '../../infra/memory/in-memory-event-store';
import { spec } from '../spec';
import { apiFixture, order, type ApiFixture } from './api-fixture';

/**
 * What a request costs the processor, in milliseconds: unlike the time on the wall it does not grow with what else the
 * machine does, and nothing can hold the event loop for longer.
 */
const cpuMs = async (work: () => Promise<unknown>): Promise<number> => {
  const before = process.cpuUsage();
  await work();
  return process.cpuUsage(before).user / 1_000;
};

const json = JSON.stringify(order);
const repeated = (count: number, text: string): string => Array.from({ length: count }, () => text).join();

spec('a body of 240 kB', ({ test, after }) => {
  const { app, post } = apiFixture({ bodyLimitBytes: 262_144 });
  after(() => app.close());

  const line = JSON.stringify(order.lines[0]);
  const withLines = (lines: string): string => json.replace(/"lines":.*$/, `"lines":[${lines}]}`);
  const bodies: ReadonlyArray<readonly [string, number, string]> = [
    ['80,000 empty objects as lines', 400, withLines(repeated(80_000, '{}'))],
    ['5,000 lines, each wrong in every field', 400, withLines(repeated(5_000, '{"a":1,"sku":7}'))],
    ['120,000 numbers as lines', 400, withLines(repeated(120_000, '1'))],
    ['lists 100,000 deep', 400, '['.repeat(100_000) + ']'.repeat(100_000)],
    ['lists 200,000 deep that never close', 400, '['.repeat(200_000)],
    ['objects 40,000 deep that never close', 400, '{"a":'.repeat(40_000)],
    ['a number of 240,000 digits', 400, json.replace('4990', `${'0'.repeat(1)}.${'0'.repeat(240_000)}1`)],
    ['a number of zeros, and then not', 400, json.replace('4990', `1${'0'.repeat(240_000)}1`)],
    [
      '20,000 names that nobody knows',
      400,
      `{${Array.from({ length: 20_000 }, (_, index) => `"a${index}":1`).join()}}`,
    ],
    ['25,000 times the same name', 400, `{${repeated(25_000, '"abc":1')}}`],
    ['a text of 240,000 characters', 400, json.replace('"c1"', `"${'c'.repeat(240_000)}"`)],
    ['a text that never ends', 400, `{"customerId":"${'c'.repeat(240_000)}`],
    ['40,000 escapes', 400, json.replace('"c1"', `"${'\\u00e9'.repeat(40_000)}"`)],
    ['240,000 lines of nothing', 400, `${'\n'.repeat(240_000)}x`],
    ['a right order of 3,000 lines', 201, withLines(repeated(3_000, line))],
  ];
  for (const [what, status, body] of bodies) {
    test(`is answered as fast as any other: ${what}`, async () => {
      let answered = 0;
      let size = 0;
      // Twice: the first one pays for compiling.
      await post('/orders/warm/place', body);
      const took = await cpuMs(async () => {
        const answer = await post(`/orders/${what.length}/place`, body);
        answered = answer.status;
        size = answer.text.length;
      });
      assert.is(answered, status);
      assert.ok(size < 40_000, `${size} characters of explanation`);
      assert.ok(took < 250, `${Math.round(took)} ms`);
    });
  }

  const scanned: ReadonlyArray<readonly [string, string, string]> = [
    ['names in one object', `{${Array.from({ length: 1_001 }, (_, index) => `"a${index}":1`).join()}}`, '/a1000'],
    ['items in any list', `{"a":[0,{"b":[${repeated(5_001, '[]')}]}]}`, '/a/1/b'],
    ['values in all', `[${repeated(20, `[${repeated(4_000, '1')}]`)}]`, '/'],
  ];
  for (const [what, text, path] of scanned) {
    test(`is looked through only so far: ${what}`, async () => {
      const { status, body } = await post('/orders/o1/place', text);
      assert.is(status, 400);
      assert.is((body['errors'] as ReadonlyArray<{ readonly path: string }>)[0]?.path, path);
      assert.match(JSON.stringify(body['errors']), /takes at most (1000|5000)|more than 60000 values/);
    });
  }

  test('of which the place where it stops being JSON is not looked for without end', async () => {
    const { status, body } = await post('/orders/o1/place', '['.repeat(200_000));
    assert.is(status, 400);
    assert.equal(body['errors'], [{ path: '/', message: 'is not JSON' }]);
  });

  test('as large as a list may be is taken: 5,000 items', async () => {
    const { body } = await post('/orders/o1/place', withLines(repeated(5_000, '{"sku":"s"}')));
    assert.match(String(body['detail']), /15000 errors/);
  });

  test('of more lines than a list may have says so, and nothing of each', async () => {
    const { body } = await post('/orders/o1/place', withLines(repeated(80_000, '{}')));
    assert.equal(body['errors'], [{ path: '/lines', message: 'holds 80000 items; it takes at most 5000' }]);
  });
});

spec('bodies under way', ({ test }) => {
  test('are turned away before they are read, where they are too many bytes together', async () => {
    const store = inMemoryEventStore({ clock: systemClock });
    const append: EventStore['append'] = (events) => async () => {
      await systemClock.sleep(200);
      return store.append(events)();
    };
    const api = apiFixture({ store: { ...store, append }, bodyLimitBytes: 900_000 });
    const spaces = ' '.repeat(800_000);
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, index) => api.post(`/orders/o${index}/place`, `${json}${spaces}`)),
    );
    const taken = answers.filter(({ status }) => status === 201).length;
    const refused = answers.filter(({ status, body }) => status === 503 && body['type'] === '/problems/overloaded');
    assert.is(taken, 20);
    assert.is(refused.length, 20);
    assert.is(refused[0]?.headers['retry-after'], '1');
    assert.is((await api.post('/orders/later/place', `${json}${spaces}`)).status, 201);
  });
});

const received = (index: number): NewEvent => ({
  type: 'StockReceived',
  schemaVersion: 1,
  data: { sku: 'kettle', receiptId: `r${index}`, quantity: 1, receivedAt: '2024-05-01T10:00:00Z' },
});

/** A store whose pages of streams are counted while they are used. */
const watchedStore = () => {
  const store = inMemoryEventStore({ clock: systemClock });
  const seen = { events: 0, bytes: 0 };
  const readStream: EventStore['readStream'] = (stream, page) => async () => {
    const read = await store.readStream(stream, page)();
    if (read._tag === 'Right') {
      const bytes = read.right.reduce((sum, { payload }) => sum + payload.length, 0);
      seen.events = Math.max(seen.events, read.right.length);
      seen.bytes = Math.max(seen.bytes, bytes);
    }
    return read;
  };
  return { seen, store: { ...store, readStream } satisfies EventStore };
};

const append = async ({ dependencies }: ApiFixture, events: ReadonlyArray<NewEvent>): Promise<void> => {
  const metadata = { correlationId: 'c', causationId: 'c', actor: 'a' };
  await dependencies.store.append({
    streams: [{ stream: 'stock-kettle', expectedVersion: 'any', events }],
    metadata,
  })();
};

spec('a stream of 31,000 events', ({ test }) => {
  test(
    'is folded for all who ask at once, two at a time, while others are answered',
    async () => {
      const { store, seen } = watchedStore();
      const api = apiFixture({ store });
      await append(
        api,
        Array.from({ length: 31_000 }, (_, index) => received(index)),
      );
      let slowestMs = 0;
      const over = new AbortController();
      const others = (async () => {
        while (!over.signal.aborted) {
          const startMs = systemClock.monotonicMs();
          await api.get('/health/live');
          slowestMs = Math.max(slowestMs, systemClock.monotonicMs() - startMs);
          await systemClock.sleep(5);
        }
      })();
      const answers = await Promise.all(Array.from({ length: 6 }, () => api.get('/streams/stock-kettle?asOf=31000')));
      over.abort();
      await others;
      for (const { status, body } of answers) assert.equal([status, body['version']], [200, 31_000]);
      assert.ok(seen.events <= 500);
      assert.ok(slowestMs < 1_000, `${Math.round(slowestMs)} ms for a look at its health`);
    },
    { timeoutMs: 60_000 },
  );
});

spec('large events', ({ test }) => {
  const large = (index: number): NewEvent => ({
    ...received(index),
    data: { ...(received(index).data as object), note: 'x'.repeat(250_000) },
  });

  test('are read by their bytes, not by their number, and a page of them ends before its limit', async () => {
    const { store, seen } = watchedStore();
    const api = apiFixture({ store });
    for (let index = 0; index < 60; index += 1) await append(api, [large(index)]);
    const versions: unknown[] = [];
    let url: string | undefined = '/streams/stock-kettle?limit=1000';
    while (url !== undefined) {
      const { body, text } = await api.get(url);
      assert.ok(text.length < 1_600_000, `${text.length}`);
      versions.push(...(body['items'] as { version: number }[]).map(({ version }) => version));
      const next = body['nextCursor'] as string | undefined;
      url = next === undefined ? undefined : `/streams/stock-kettle?limit=1000&cursor=${next}`;
    }
    assert.equal(
      versions,
      Array.from({ length: 60 }, (_, index) => index + 1),
    );
    assert.is((await api.get('/streams/stock-kettle?asOf=999')).body['version'], 60);
    assert.ok(seen.bytes < 2_500_000, `${seen.bytes} bytes at once`);
  });
});

spec('expensive reads', ({ test }) => {
  const request = (signal = new AbortController().signal) => ({ signal });
  const hold = () => {
    let release: () => void = () => undefined;
    const until = new Promise<void>((resolve) => (release = resolve));
    return { until, release };
  };

  test('run two at a time, wait in a queue, and are turned away where it is full', async () => {
    const { run } = expensiveReads({ running: 2, waiting: 3 });
    const { until, release } = hold();
    let running = 0;
    let most = 0;
    const read = async (): Promise<void> => {
      running += 1;
      most = Math.max(most, running);
      await until;
      running -= 1;
    };
    const five = Array.from({ length: 5 }, () => run(request(), read));
    await run(request(), read).then(
      () => assert.unreachable(),
      (error: unknown) => assert.match(String(error), /Too many reads/),
    );
    release();
    await Promise.all(five);
    assert.is(most, 2);
    await run(request(), read);
  });

  test('are left by whoever has gone, and free their place', async () => {
    const { run } = expensiveReads({ running: 1, waiting: 1 });
    const { until, release } = hold();
    const first = run(request(), () => until);
    const gone = new AbortController();
    const second = run(request(gone.signal), async () => Promise.resolve('read')).catch((error: unknown) =>
      String(error),
    );
    gone.abort();
    assert.match(await second, /has disconnected/);
    const third = run(request(), async () => Promise.resolve('read'));
    release();
    await first;
    assert.is(await third, 'read');
  });

  test('end with the server', async () => {
    const { run, stop } = expensiveReads({ running: 1, waiting: 5 });
    const { until, release } = hold();
    const first = run(request(), () => until);
    const second = run(request(), async () => Promise.resolve('read')).catch((error: unknown) => String(error));
    stop();
    assert.match(await second, /shutting down/);
    release();
    await first;
  });
});
