/** A row that lacks an event is stale, sums too: from when the event is dead-lettered until it is redriven. */
import { join } from 'node:path';
import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { application } from '../../projections/fulfilment/application';
import type { StoredEvent } from '../../domain/kernel/recorded-event';
import { deadLetterReader } from '../../infra/sqlite/consumer-file/dead-letters-reader';
import type { LogRecord } from '../../infra/kafka/event-log';
import { customerOrders } from '../../projections/fulfilment/customer-orders';
import { openViewReader } from '../../projections/engine/query/view-database-reader';
import type { Projection } from '../../projections/projection';
import { salesByDay } from '../../projections/fulfilment/sales-by-day';
import { apiFixture } from '../api/api-fixture';
import { SEED } from '../domain/arbitraries';
import { spec } from '../spec';
import { seededRandom } from '../support/random';
import { deliveries, histories } from './histories';
import { memoryLog } from './memory-log';
import { asked, request, run } from './rebuild-fixture';
import {
  attributesOf,
  deliver,
  logOf,
  openViews,
  readBy,
  storedOf,
  temporaryFolder,
  type Told,
  type Views,
} from './views-fixture';

const { catalog, projections } = application;

type Row = Readonly<Record<string, unknown>>;

/** A release with a bug that can be fixed. */
interface Release {
  readonly projection: Projection;
  readonly breakAt: (ids: ReadonlySet<string>) => void;
}

const releaseOf = (projection: Projection): Release => {
  let broken: ReadonlySet<string> = new Set();
  return {
    breakAt: (ids) => (broken = ids),
    projection: {
      ...projection,
      project: (event) => {
        if (broken.has(event.id)) throw new TypeError('the release is broken');
        return projection.project(event);
      },
    },
  };
};

/** A record as a newer relay would write it: no contract can read it yet. */
const fromTheFuture = (record: LogRecord): LogRecord => ({
  ...record,
  value: Buffer.from(String(record.value).replace(/("dataschema":"[^"]*\/)\d+"/, '$199"')),
});

/** The rows of a view as clients see them. */
const seen = ({ database }: Pick<Views, 'database'>, { name }: Projection): ReadonlyArray<Row> => {
  const reader = openViewReader(database.name, projections, catalog);
  try {
    const page = reader.list(name, { filters: {}, limit: 1_000 });
    if (page._tag === 'Left') throw new Error(page.left._tag);
    return page.right.items;
  } finally {
    reader.close();
  }
};

const staleKeys = (rows: ReadonlyArray<Row>, column: string): ReadonlyArray<unknown> =>
  rows.filter(({ stale }) => stale === true).map((row) => row[column]);

/** Redrives all dead letters and parked events. */
const redriven = async (views: Views, { name }: Projection): Promise<void> => {
  const { letters, preview } = deadLetterReader(views.database).select(name, {});
  const id = views.requests.length + 1;
  const asking = { requestedAt: '2026-01-01T00:00:00.000Z', actor: 'ada' };
  const plan = JSON.stringify({ group: name, letters, ratePerSecond: 1_000, preview });
  views.requests.push({ ...asking, id, kind: 'redrive-plan', body: plan });
  const order = JSON.stringify({ group: name, redrive: id });
  views.requests.push({ ...asking, id: id + 1, kind: 'redrive-run', body: order });
  await views.operations.takeFailureRequests({});
  while ((await views.operations.redriveStep({ projection: name })).events !== undefined);
};

const inFile = (): string => join(temporaryFolder(), 'views.sqlite');

const placed = (orderId: string, customerId: string, day: string): Told => [
  `order-${orderId}`,
  'OrderPlaced',
  {
    orderId,
    customerId,
    currency: 'EUR',
    amount: 100,
    placedAt: `${day}T10:00:00Z`,
    lines: [{ sku: 's', quantity: 1, unitPrice: 100, freight: 0 }],
  },
];
const cancelled = (orderId: string, customerId: string, day: string): Told => [
  `order-${orderId}`,
  'OrderCancelled',
  {
    orderId,
    customerId,
    currency: 'EUR',
    amount: 100,
    placedAt: `${day}T10:00:00Z`,
    reason: 'r',
    cancelledAt: `${day}T11:00:00Z`,
  },
];
const captured = (paymentId: string, orderId: string): Told => [
  `payment-${paymentId}`,
  'PaymentCaptured',
  { paymentId, orderId, currency: 'EUR', amount: 100, capturedAt: '2018-03-05T10:00:00Z' },
];

/** Few orders on few days, and payments for them in separate streams, before and after they are placed. */
const crowded: fc.Arbitrary<ReadonlyArray<StoredEvent>> = fc
  .array(fc.tuple(fc.nat(3), fc.nat(2), fc.constantFrom(placed, cancelled, captured, captured)), { maxLength: 25 })
  .map((story) =>
    storedOf(
      story.map(([order, other, tell]) => {
        const orderId = `o${order}`;
        if (tell === captured) return captured(`p${other}`, orderId);
        return (tell === placed ? placed : cancelled)(orderId, `c${order % 2}`, `2018-03-0${1 + (order % 3)}`);
      }),
    ),
  );

/** Views of one projection whose handler fails at some events, after a sequence of events. */
const told = async (projection: Projection, story: ReadonlyArray<Told>, broken: ReadonlyArray<string>) => {
  const release = releaseOf(projection);
  const stored = storedOf(story);
  const views = await openViews({ file: inFile(), projections: [release.projection], stored });
  release.breakAt(new Set(broken));
  const log = readBy(projection, logOf(stored));
  return { views, release, log, tell: (records: ReadonlyArray<LogRecord>) => deliver(views, projection.name, records) };
};

spec('a row that sums up many streams', ({ test }) => {
  test('is stale where one of them is quarantined, and other rows are not', async () => {
    const story = [
      placed('o1', 'ann', '2018-03-01'),
      placed('o2', 'bob', '2018-03-01'),
      placed('o3', 'ann', '2018-03-02'),
    ];
    const { views, log, tell, release } = await told(customerOrders, story, ['order-o3@1']);
    await tell(log);
    assert.equal(staleKeys(seen(views, customerOrders), 'customerId'), ['ann']);
    release.breakAt(new Set());
    await redriven(views, customerOrders);
    assert.equal(staleKeys(seen(views, customerOrders), 'customerId'), []);
    await views.close();
  });

  test('is stale in a rollup too: the day to which the quarantined stream contributes', async () => {
    const story = [
      placed('o1', 'ann', '2018-03-01'),
      placed('o2', 'bob', '2018-03-02'),
      captured('p9', 'o1'),
      cancelled('o2', 'bob', '2018-03-02'),
    ];
    const { views, log, tell, release } = await told(salesByDay, story, ['payment-p9@1']);
    await tell(log);
    assert.equal(staleKeys(seen(views, salesByDay), 'day'), ['2018-03-01']);
    release.breakAt(new Set());
    await redriven(views, salesByDay);
    assert.equal(staleKeys(seen(views, salesByDay), 'day'), []);
    await views.close();
  });

  test('becomes stale once it is known to which day a stream contributes, if that comes later', async () => {
    const story = [captured('p9', 'o1'), placed('o2', 'bob', '2018-03-02'), placed('o1', 'ann', '2018-03-01')];
    const { views, log, tell } = await told(salesByDay, story, ['payment-p9@1']);
    await tell(log.slice(0, 2));
    assert.equal(staleKeys(seen(views, salesByDay), 'day'), []);
    await tell(log.slice(2));
    assert.equal(staleKeys(seen(views, salesByDay), 'day'), ['2018-03-01']);
    await views.close();
  });

  test('is stale for an unreadable event too, found by the earlier events of its stream', async () => {
    const story = [placed('o1', 'ann', '2018-03-01'), placed('o2', 'bob', '2018-03-02'), captured('p9', 'o2')];
    const { views, log, tell } = await told(salesByDay, story, []);
    await tell(log);
    const empty = ['order-o1', 'payment-p9', 'payment-unheard-of'].map((stream): Told => [stream, 'NotKnownYet', {}]);
    const stored = storedOf([...story, ...empty]);
    await tell(readBy(salesByDay, logOf(stored)).filter(({ value }) => String(value).includes('NotKnownYet')));
    assert.equal(staleKeys(seen(views, salesByDay), 'day'), ['2018-03-01', '2018-03-02']);
    await views.close();
  });

  test('is no longer stale when the event is discarded, by decision of the operator', async () => {
    const { views, log, tell } = await told(
      salesByDay,
      [placed('o1', 'ann', '2018-03-01'), captured('p9', 'o1')],
      ['payment-p9@1'],
    );
    await tell(log);
    const body = JSON.stringify({ group: 'sales-by-day', letter: 1, reason: 'a test payment' });
    const asking = { requestedAt: '2026-01-01T00:00:00.000Z', actor: 'ada' };
    views.requests.push({ ...asking, id: 1, kind: 'dead-letter-discard', body });
    await views.operations.takeFailureRequests({});
    while ((await views.operations.redriveStep({ projection: 'sales-by-day' })).events !== undefined);
    assert.equal(staleKeys(seen(views, salesByDay), 'day'), []);
    await views.close();
  });

  test('is marked over HTTP, until the stream is no longer quarantined', async () => {
    const story = [placed('o1', 'ann', '2018-03-01'), placed('o2', 'bob', '2018-03-02'), captured('p9', 'o1')];
    const { views, log, tell, release } = await told(salesByDay, story, ['payment-p9@1']);
    await tell(log);
    const reader = openViewReader(views.database.name, projections, catalog);
    const { get, app } = apiFixture({ views: reader });
    const rows = async (): Promise<unknown> => (await get('/views/sales-by-day?limit=9')).body['items'];
    const days = (await rows()) as ReadonlyArray<Row>;
    assert.equal(staleKeys(days, 'day'), ['2018-03-01']);
    assert.not('stale' in (days[1] ?? {}));
    assert.is((await get('/views/sales-by-day/2018-03-01:EUR')).body['stale'], true);
    release.breakAt(new Set());
    await redriven(views, salesByDay);
    assert.equal(staleKeys((await rows()) as ReadonlyArray<Row>, 'day'), []);
    assert.is((await get('/views/sales-by-day/2018-03-01:EUR')).body['amountPaid'], 100);
    await app.close();
    reader.close();
    await views.close();
  });
});

/** Each row is as it would be without failures, or stale. */
const areHonest = (rows: ReadonlyArray<Row>, without: ReadonlyArray<Row>): number => {
  const known = new Set(without.map((row) => JSON.stringify(row)));
  const silent = rows.filter((row) => !('stale' in row));
  for (const row of silent) assert.ok(known.has(JSON.stringify(row)), `it does not say so: ${JSON.stringify(row)}`);
  return rows.length - silent.length;
};

spec('over random histories with failures', ({ test }) => {
  const met = { stale: 0, afterRebuild: 0 };

  const lived = async (projection: Projection, events: ReadonlyArray<StoredEvent>, seed: number): Promise<void> => {
    const random = seededRandom(seed);
    const choose = (below: number): number => Math.floor(random() * below);
    const { name } = projection;
    const release = releaseOf(projection);
    const options = { projections: [release.projection], stored: events };
    let future: ReadonlySet<string> = new Set();
    // Recorded by a release whose versions this one cannot read.
    const eventAt = (position: number) => {
      const event = events.find((each) => each.position === position);
      if (event === undefined) return undefined;
      return attributesOf(future.has(event.id) ? { ...event, schemaVersion: 99 } : event);
    };
    const views = await openViews({ ...options, file: inFile(), eventAt });
    const without = await openViews({ ...options, projections: [projection], file: inFile() });
    // Where the release breaks at what first says on which day an order counts, nothing else says it.
    const ids = new Set(events.map(({ id }) => id).filter((id) => choose(8) === 0 && !/^order-.*@1$/.test(id)));
    release.breakAt(ids);
    future = new Set(events.map(({ id }) => id).filter(() => choose(10) === 0));
    const isFuture = ({ value }: LogRecord): boolean =>
      future.has((JSON.parse(String(value)) as { readonly id: string }).id);
    const batches = deliveries(readBy(projection, logOf(events)), choose);
    const spoilt = batches.map((batch) => batch.map((record) => (isFuture(record) ? fromTheFuture(record) : record)));
    const compare = (): number => areHonest(seen(views, projection), seen(without, projection));
    for (const [index, batch] of batches.entries()) {
      await deliver(views, name, spoilt[index] ?? []);
      await deliver(without, name, batch);
      if (choose(3) === 0) compare();
    }
    met.stale += compare();
    if (choose(2) === 0) {
      views.requests.push(request(1, name, 'kafka'));
      await run(views, projection, await asked(views), { log: memoryLog({ records: spoilt.flat() }) });
      met.afterRebuild += compare();
    }
    release.breakAt(new Set());
    await redriven(views, projection);
    assert.equal(seen(views, projection), seen(without, projection));
    await views.close();
    await without.close();
  };

  for (const projection of projections) {
    test(`every row of ${projection.name} is right or stale, until everything is redriven`, async () => {
      await fc.assert(
        fc.asyncProperty(fc.oneof(histories, crowded), fc.nat(), (events, seed) => lived(projection, events, seed)),
        { seed: SEED, numRuns: 40 },
      );
    });
  }

  test('some rows were stale, after rebuilds too', () => {
    assert.ok(met.stale > 50 && met.afterRebuild > 20, JSON.stringify(met));
  });
});
