/** Today's code against a store's history: what verify and partitions say of it. */
import { feedOf } from '../../support/reader-feed';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { contractReaders } from '../../../api/program/contract-readers';
import { historyCheck, UnreadableHistory } from '../../../api/cli/contracts/history-check';
import { partitions } from '../../../api/cli/contracts/partitions';
import { verify } from '../../../api/cli/contracts/verify';
import { application } from '../../../projections/fulfilment/application';
import { aggregate, catalogOf } from '../../../domain/kernel/aggregate';
import { field } from '../../../domain/kernel/codec';
import { defineCommand, type CommandOf } from '../../../domain/kernel/command-definition';
import { nothingToChange } from '../../../domain/kernel/decider';
import { defineEvent, type EventOf } from '../../../domain/kernel/event-definition';
import { Quantity } from '../../../domain/kernel/values';
import type { NewEvent } from '../../../domain/kernel/event-store';
import { orderSummary } from '../../../projections/fulfilment/order-summary';
import { projectionReader } from '../../../api/program/contract-readers';
import { openEventReader } from '../../../infra/sqlite/event-feed';
import { partitionOf } from '../../../infra/kafka/murmur2';
import { spec } from '../../spec';
import { withStore } from '../../infra/sqlite/store-fixture';
import { temporaryFolder } from '../../infra/sqlite/temporary-folder';

const { catalog } = application;

const at = '2018-01-01T00:00:00Z';
const placed = (orderId: string, customerId: string): NewEvent => ({
  type: 'OrderPlaced',
  schemaVersion: 1,
  data: { orderId, customerId, currency: 'BRL', amount: 5, placedAt: at, lines: [] },
});
const confirmed = (orderId: string, customerId: string): NewEvent => ({
  type: 'OrderConfirmed',
  schemaVersion: 1,
  data: { orderId, customerId, currency: 'BRL', amount: 5, placedAt: at, confirmedAt: at },
});
const authorised = (data: Readonly<Record<string, unknown>> = {}): NewEvent => ({
  type: 'PaymentAuthorised',
  schemaVersion: 1,
  data: {
    paymentId: 'p1',
    orderId: 'o1',
    currency: 'BRL',
    amount: 5,
    method: 'boleto',
    instalments: 1,
    authorisedAt: at,
    ...data,
  },
});
const release = { sku: 'kettle', orderId: 'o1', quantity: 1, releasedAt: at };
const released: NewEvent = { type: 'StockReleased', schemaVersion: 1, data: release };

const folder = temporaryFolder();
let files = 0;

/** A store's file with these events, one append each. */
const storeWith = async (events: ReadonlyArray<readonly [stream: string, event: NewEvent]>): Promise<string> => {
  files += 1;
  const file = join(folder, `history-${files}.sqlite`);
  await withStore({ file }, async (store) => {
    for (const [stream, event] of events) {
      const metadata = { correlationId: 'c', causationId: 'r', actor: 'tester' };
      const appended = await store.append({
        streams: [{ stream, expectedVersion: 'any', events: [event] }],
        metadata,
      })();
      assert.is(appended._tag, 'Right');
    }
  });
  return file;
};

const output = (
  json = false,
): { readonly lines: string[]; readonly json: boolean; readonly print: (line: string) => void } => {
  const lines: string[] = [];
  return { lines, json, print: (line) => void lines.push(line) };
};

const history: ReadonlyArray<readonly [string, NewEvent]> = [
  ['order-o1', placed('o1', 'c1')],
  ['payment-p1', authorised()],
  ['stock-kettle', released],
  ['order-o1', confirmed('o1', 'c1')],
  ['order-o2', placed('o2', 'c1')],
];

spec('verifying a store', ({ test }) => {
  test('passes where every event can be read, also under its first name and in its first version', async () => {
    const to = output();
    assert.is(await verify(application, { store: await storeWith(history), sample: undefined, ...to }), 0);
    assert.match(to.lines[0] ?? '', /^5 events went through/);
    assert.ok(to.lines.some((line) => /StockReleased version 1\s+1$/.test(line)));
  });

  test('takes an evenly spread sample, the same every time, with each stream folded up to it', async () => {
    const store = await storeWith(history);
    const [first, second] = [output(true), output(true)];
    assert.is(await verify(application, { store, sample: 2, ...first }), 0);
    await verify(application, { store, sample: 2, ...second });
    const written = (line: string | undefined): unknown => (JSON.parse(line ?? '') as { written: unknown }).written;
    assert.equal(written(first.lines[0]), { 'OrderPlaced version 1': 1, 'StockReleased version 1': 1 });
    assert.equal(written(first.lines[0]), written(second.lines[0]));
  });

  test('fails at the first event that cannot be read, with its position and path', async () => {
    const store = await storeWith([
      ...history,
      ['payment-p2', authorised({ instalments: 0 })],
      ['payment-p3', authorised({ amount: -1 })],
    ]);
    const to = output(true);
    assert.is(await verify(application, { store, sample: undefined, ...to }), 1);
    const { position, id, path, reason, verified } = JSON.parse(to.lines[0] ?? '') as Readonly<Record<string, unknown>>;
    assert.equal([verified, position, id, path], [5, 6, 'payment-p2@1', '/instalments']);
    assert.match(String(reason), /as version 1: \/instalments: must be number of instalments/);
    const people = output();
    await verify(application, { store, sample: undefined, ...people });
    assert.match(
      people.lines[0] ?? '',
      /^position 6, payment-p2@1 \(PaymentAuthorised version 1\) at \/instalments: contract: /,
    );
    assert.match(people.lines[1] ?? '', /what to do: /);
  });

  test('fails for a name that no contract has, and for an event of another aggregate', async () => {
    for (const [stream, event, reason] of [
      ['order-o1', { type: 'OrderForgotten', schemaVersion: 1, data: {} }, /no contract is named 'OrderForgotten'/],
      ['order-o1', released, /StockReservationReleased is not an event of order/],
      ['kettle-k1', released, /no aggregate owns the stream 'kettle-k1'/],
    ] as const) {
      const to = output();
      assert.is(await verify(application, { store: await storeWith([[stream, event]]), sample: undefined, ...to }), 1);
      assert.match(to.lines[0] ?? '', reason);
    }
  });

  test('fails for a projection that throws, with the field that it looked at last', async () => {
    const reader = openEventReader(await storeWith(history));
    const broken = projectionReader({
      ...orderSummary,
      project: (event) => {
        const { placedAt } = event.data as { readonly placedAt: string };
        throw new Error(`can do nothing with ${placedAt}`);
      },
    });
    const check = historyCheck({ catalog, store: feedOf(reader), readers: [...contractReaders(application), broken] });
    try {
      const [first] = reader.readAll({ afterPosition: 0, limit: 1 });
      assert.ok(first);
      const error: unknown = await check(first).catch((thrown: unknown) => thrown);
      if (!(error instanceof UnreadableHistory)) throw error;
      assert.equal([error.path, error.stage], ['/placedAt', 'projection order-summary']);
    } finally {
      reader.close();
    }
  });
});

spec('verifying deciders', ({ test }) => {
  const Turned = defineEvent('PageTurned', {
    owner: 'tests',
    since: '2026-01-01',
    schemaVersion: 1,
    meaning: 'A page.',
    fields: { page: field(Quantity, 'Which.') },
  });
  const turn = defineCommand('turn', { meaning: 'Turns.', fields: {}, example: {} });
  /** Pages come one after another, or evolve throws; at `stuckAt` nothing can be decided any more. */
  const book = (stuckAt: number) =>
    catalogOf([
      aggregate({
        category: 'book',
        path: 'books',
        meaning: 'A book.',
        topic: {
          name: 'books',
          partitions: 1,
          retention: 'forever',
          key: { is: 'the book', because: 'a test', concurrency: 'x', skew: 'x' },
        },
        events: [Turned],
        commands: [turn],
        decider: {
          initialState: 0,
          evolve: (page: number, event: EventOf<typeof Turned>) => {
            if (event.data.page !== page + 1) throw new Error(`page ${event.data.page} after ${page}`);
            return event.data.page;
          },
          decide: (_command: CommandOf<typeof turn>, page: number) => {
            if (page === stuckAt) throw new Error('stuck');
            return nothingToChange;
          },
        },
      }),
    ]);
  const pages = Array.from({ length: 12 }, (_, index) => index + 1);
  const checked = async (stuckAt: number, which: ReadonlyArray<number>): Promise<void> => {
    const turned = pages.map((page) => ['book-b1', { type: 'PageTurned', schemaVersion: 1, data: { page } }] as const);
    const reader = openEventReader(await storeWith(turned));
    try {
      const check = historyCheck({ catalog: book(stuckAt), store: feedOf(reader), readers: [] });
      for (const event of reader.readAll({ afterPosition: 0, limit: 100 }))
        if (which.includes(event.position)) await check(event);
    } finally {
      reader.close();
    }
  };

  test('folds each stream from its beginning, whichever of its events are looked at', async () => {
    await checked(0, pages);
    await checked(0, [3, 4, 11]);
  });
  test('asks each decider whether it can still decide', async () => {
    const failure = await checked(5, pages).catch((error: unknown) => error);
    assert.ok(failure instanceof UnreadableHistory);
    assert.equal(
      [failure.event.position, failure.stage, failure.reason],
      [5, 'decider of book, asked to turn', 'stuck'],
    );
  });
});

spec('simulating partitions', ({ test }) => {
  /** A key that lands in another of four partitions than 'c39'. */
  const elsewhere = ['x', 'y', 'z', 'w'].find((key) => partitionOf(key, 4) !== partitionOf('c39', 4)) ?? '';
  const many: ReadonlyArray<readonly [string, NewEvent]> = Array.from({ length: 40 }, (_, index) => index).flatMap(
    (index) => [
      [`order-o${index}`, placed(`o${index}`, index < 30 ? 'big' : `c${index}`)] as const,
      [`order-o${index}`, confirmed(`o${index}`, index === 39 ? elsewhere : index < 30 ? 'big' : `c${index}`)] as const,
    ],
  );

  interface Shown {
    readonly topic: string;
    readonly declared: Readonly<Record<string, unknown>>;
    readonly simulated?: {
      readonly load: ReadonlyArray<number>;
      readonly maxToMean: number;
      readonly hottest: ReadonlyArray<{ readonly key: string; readonly events: number }>;
      readonly splitStreams: number;
    };
    readonly withoutField: number;
  }
  const shown = async (options: { readonly simulate?: number; readonly key?: string }): Promise<Shown> => {
    const to = output(true);
    await partitions(catalog, { store: await storeWith(many), simulate: options.simulate, key: options.key, ...to });
    return JSON.parse(to.lines[0] ?? '') as Shown;
  };

  test('counts each partition as the relay would fill it', async () => {
    const { declared, simulated } = await shown({ simulate: 3 });
    const expected = [0, 0, 0];
    for (let index = 0; index < 40; index += 1) {
      const partition = partitionOf(`o${index}`, 3);
      expected[partition] = (expected[partition] ?? 0) + 2;
    }
    assert.equal(simulated?.load, expected);
    assert.is(simulated?.maxToMean, (Math.max(...expected) * 3) / 80);
    assert.equal([declared['events'], declared['keys'], declared['partitions']], [80, 40, 4]);
  });

  test('shows the hottest key of another key, and whose order it would break', async () => {
    const { simulated, withoutField } = await shown({ simulate: 4, key: 'customerId' });
    assert.equal(simulated?.hottest[0], { key: 'big', events: 60, partition: partitionOf('big', 4) });
    assert.ok((simulated?.maxToMean ?? 0) >= 3);
    assert.equal([simulated?.splitStreams, withoutField], [1, 0]);
  });

  test('counts events without the field by the declared key, and says so', async () => {
    assert.is((await shown({ key: 'confirmedAt' })).withoutField, 40);
  });

  test('draws it for people, with what would follow', async () => {
    const to = output();
    await partitions(catalog, { store: await storeWith(many), simulate: 8, key: 'customerId', ...to });
    const text = to.lines.join('\n');
    assert.match(text, /orders, as declared: by the order id, over 4 partitions: 80 events of 40 keys, max\/mean \d/);
    assert.match(text, /orders, simulated: by the field 'customerId', over 8 partitions/);
    assert.match(text, /hot key big: 60 events \(75\.0 %\)/);
    assert.match(text, /=> no more even than now .*; more than 1 consumers would wait for the hottest key/);
  });
});
