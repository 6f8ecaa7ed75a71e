/** The comparison of a rebuild with the store finds every record of the log that is additional, different or missing. */
import * as assert from 'uvu/assert';
import type { StoredEvent } from '../../domain/kernel/recorded-event';
import { addDigest, addIdentity, digestText, emptyDigest } from '../../infra/consumption/intake/identity-digest';
import type { LogRecord } from '../../infra/kafka/event-log';
import { sendTo, viewsClient } from '../../projections/engine/writer-thread/client';
import type { StoreProof } from '../../projections/engine/inspect/store-proof';
import { stockLevel } from '../../projections/fulfilment/stock-level';
import { seededRandom } from '../support/random';
import { spec } from '../spec';
import { memoryLog } from './memory-log';
import { asked, request, run, statusOf } from './rebuild-fixture';
import { deliver, logOf, openViews, recordAt, rowsOf, storedOf, type Told, type Views } from './views-fixture';

const received = (sku: string, quantity: number): Told => [
  `stock-${sku}`,
  'StockReceived',
  { sku, receiptId: `r${quantity}`, quantity, receivedAt: '2018-02-01T00:00:00Z' },
];
const story = storedOf(
  'abcdefgh'.split('').flatMap((sku, index) => [received(sku, 1 + index), received(sku, 20 + index)]),
);
const whole = logOf(story);

/** Renumbers the offsets of each partition. */
const numbered = (records: ReadonlyArray<LogRecord>): ReadonlyArray<LogRecord> => {
  const ends = new Map<number, number>();
  return records.map((record) => {
    const offset = ends.get(record.partition) ?? 0;
    ends.set(record.partition, offset + 1);
    return { ...record, offset };
  });
};

interface Outcome {
  readonly state: string;
  readonly reason: string | null;
  readonly proof: StoreProof;
}

/** A group that has read a log, and a rebuild from the same one: both generations are wrong in the same way. */
const rebuiltFrom = async (
  records: ReadonlyArray<LogRecord>,
  look: (outcome: Outcome, views: Views) => void = () => undefined,
): Promise<Outcome> => {
  const views = await openViews({
    projections: [stockLevel],
    stored: story,
    requests: [request(1, 'stock-level', 'kafka')],
  });
  try {
    await deliver(views, 'stock-level', records);
    await run(views, stockLevel, await asked(views), { log: memoryLog({ records }) });
    const { state, reason, proof } = statusOf(views, 1);
    const outcome = { state, reason, proof: proof?.['store'] as StoreProof };
    look(outcome, views);
    return outcome;
  } finally {
    await views.close();
  }
};

const partitionOf = (event: StoredEvent): number => recordAt(event, 0).partition;
const someStored = (index: number): StoredEvent => {
  const event = story[index];
  if (event === undefined) throw new Error('the story is longer');
  return event;
};

spec('the proof of a rebuild against the store', ({ test }) => {
  test('lists the events applied and those of the store, topic by topic, where both are equal', async () => {
    const { state, proof } = await rebuiltFrom(whole);
    assert.equal([state, proof.equal], ['done', true]);
    const [stock, ...others] = proof.topics;
    assert.equal(others, []);
    assert.equal(
      [stock?.topic, stock?.events, stock?.eventsInStore, stock?.equal, stock?.differs],
      ['stock', story.length, story.length, true, []],
    );
    assert.match(stock?.digest ?? '', /^[0-9a-f]{16}$/);
    assert.is(stock?.digest, stock?.digestInStore);
  });

  test('finds a record that was never published, although both generations lack it, and swaps nothing', async () => {
    const missing = someStored(2);
    await rebuiltFrom(numbered(whole.filter((_, index) => index !== 2)), ({ state, reason, proof }, { database }) => {
      assert.equal([state, proof.equal], ['failed', false]);
      const partition = partitionOf(missing);
      assert.match(reason ?? '', new RegExp(`stock/${partition}: \\d+ events were applied, the store holds \\d+`));
      assert.match(reason ?? '', /verify --log.*rebuild --from store/);
      assert.equal(
        proof.topics[0]?.differs.map((each) => [each.partition, each.eventsInStore - each.events]),
        [[partition, 1]],
      );
      const served = database.prepare(`SELECT generation FROM projections WHERE name = 'stock-level'`).pluck().get();
      assert.is(served, 1);
    });
  });

  const planted: ReadonlyArray<readonly [what: string, records: () => ReadonlyArray<LogRecord>]> = [
    [
      'an id that the store does not have, at the position of another event',
      () => {
        const event = someStored(5);
        const forged = recordAt({ ...event, id: 'stock-forged@1', stream: 'stock-forged', version: 1 }, 0);
        return [...whole.slice(0, 5), { ...forged, partition: 3 - partitionOf(event) }, ...whole.slice(5)];
      },
    ],
    [
      'a copy of a record in another partition',
      () => {
        const copy = recordAt(someStored(7), 0);
        return [...whole.slice(0, 8), { ...copy, partition: (copy.partition + 1) % 4 }, ...whole.slice(8)];
      },
    ],
    [
      'the same stream, version and position, recorded by another store at another time',
      () => {
        const foreign = recordAt({ ...someStored(3), recordedAt: '2019-01-01T00:00:00.000Z' }, 0);
        return [...whole.slice(0, 3), foreign, ...whole.slice(3)];
      },
    ],
  ];
  for (const [what, records] of planted) {
    test(`succeeds where ${what} was dead-lettered, and does not count it`, async () => {
      await rebuiltFrom(numbered(records()), ({ state, proof }, { database }) => {
        assert.equal([state, proof.equal, proof.topics[0]?.events], ['done', true, story.length]);
        const setAside = database.prepare<[], string>('SELECT class FROM dead_letters').pluck().all();
        assert.equal([...new Set(setAside)], ['misplaced']);
        assert.equal(rowsOf(database, 'stock-level', 2), rowsOf(database, 'stock-level', 1));
      });
    });
  }

  test('fails where the log has events of a partition in another order than the store', async () => {
    const { state, proof } = await rebuiltFrom(numbered([...whole].reverse()));
    assert.equal([state, proof.equal], ['failed', false]);
  });

  test('counts a record as often as the store has it, however often it was delivered', async () => {
    const { state, proof } = await rebuiltFrom(numbered([...whole, ...whole]));
    assert.equal([state, proof.equal, proof.topics[0]?.events], ['done', true, story.length]);
  });

  test('counts what could not be applied: a malformed payload, and the events parked behind it', async () => {
    const broken = story.map((event) => (event.id === 'stock-a@1' ? { ...event, payload: '{"sku":7}' } : event));
    const records = logOf(broken);
    const views = await openViews({
      projections: [stockLevel],
      stored: broken,
      requests: [request(1, 'stock-level', 'kafka')],
    });
    await deliver(views, 'stock-level', records);
    assert.is(await run(views, stockLevel, await asked(views), { log: memoryLog({ records }) }), 'done');
    const proof = statusOf(views, 1).proof?.['store'] as StoreProof;
    assert.equal([proof.equal, proof.topics[0]?.events], [true, story.length]);
    await views.close();
  });

  test('resumes after a kill, and restarts a candidate without recorded digests', async () => {
    for (const isOlderProgram of [false, true]) {
      const views = await openViews({
        projections: [stockLevel],
        stored: story,
        requests: [request(1, 'stock-level', 'kafka')],
      });
      await deliver(views, 'stock-level', whole);
      const stopping = new AbortController();
      const client = viewsClient((name, input, transfer) => {
        if (name === 'applyToCandidates') stopping.abort();
        return sendTo(views.client)(name, input, transfer);
      });
      const log = memoryLog({ records: whole, pollSize: () => 5 });
      assert.is(await run(views, stockLevel, await asked(views), { log, client, signal: stopping.signal }), 'stopped');
      if (isOlderProgram) views.database.exec('DELETE FROM taken_in');
      assert.is(await run(views, stockLevel, await asked(views), { log }), 'done');
      assert.is((statusOf(views, 1).proof?.['store'] as StoreProof).equal, true);
      assert.is(rowsOf(views.database, 'stock-level', 2).length, 8);
      assert.is(views.database.prepare('SELECT count(*) FROM taken_in').pluck().get(), 0, 'nothing is left behind');
      await views.close();
    }
  });

  test('ends where a record has claimed a position far beyond the store', async () => {
    const far = recordAt({ ...someStored(0), id: 'stock-far@1', stream: 'stock-far', position: 9e15 }, 0);
    const { state, proof } = await rebuiltFrom(numbered([...whole, far]));
    assert.equal([state, proof.equal], ['failed', false]);
  });

  test('covers a copy as of a position too', async () => {
    const body = { projection: 'stock-level', from: 'kafka', kind: 'copy', copy: 'then', until: '9' };
    for (const [records, state] of [
      [whole, 'done'],
      [numbered(whole.filter((_, index) => index !== 2)), 'failed'],
    ] as const) {
      const views = await openViews({
        projections: [stockLevel],
        stored: story,
        requests: [{ ...request(1, 'stock-level', 'kafka'), body: JSON.stringify(body) }],
      });
      await deliver(views, 'stock-level', records);
      await run(views, stockLevel, await asked(views), { log: memoryLog({ records }) });
      assert.is(statusOf(views, 1).state, state, statusOf(views, 1).reason ?? '');
      await views.close();
    }
  });
});

spec('a digest of identities', ({ test }) => {
  test('is the same in any order and grouping, and different for every other set of events', () => {
    const random = seededRandom(7);
    const events = Array.from({ length: 200 }, (_, index) => ({
      id: `order-o${Math.floor(random() * 50)}@${index}`,
      position: 1 + index * Math.ceil(random() * 2 ** 33),
      recordedAt: `2026-01-01T00:00:0${index % 10}.000Z`,
    }));
    const digestOf = (some: ReadonlyArray<(typeof events)[number]>) => {
      const digest = emptyDigest();
      for (const event of some) addIdentity(digest, event);
      return digest;
    };
    const all = digestOf(events);
    assert.equal(digestOf([...events].reverse()), all);
    const parts = digestOf(events.slice(0, 77));
    addDigest(parts, digestOf(events.slice(77)));
    assert.equal(parts, all);
    const texts = new Set([digestText(all)]);
    events.forEach((event, index) => {
      const others = events.filter((_, other) => other !== index);
      texts.add(digestText(digestOf(others)));
      texts.add(digestText(digestOf([...others, { ...event, position: event.position + 1 }])));
      texts.add(digestText(digestOf([...others, { ...event, position: event.position + 2 ** 32 }])));
      texts.add(digestText(digestOf([...others, { ...event, id: `${event.id}0` }])));
      texts.add(digestText(digestOf([...others, { ...event, recordedAt: '2026-01-01T00:00:00.001Z' }])));
    });
    assert.is(texts.size, 1 + 5 * events.length);
  });
});
