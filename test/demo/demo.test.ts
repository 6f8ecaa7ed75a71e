/** The whole demonstration against the engine without Kafka: that it agrees where it should, and finds what is wrong. */
import { Writable } from 'node:stream';
import * as assert from 'uvu/assert';
import { runDemo, type DemoOptions } from '../../api/demo/demo';
import { spec } from '../spec';
import { startStandIn, type EngineStandIn, type StandInOptions } from './engine-stand-in';
import { orderFolder } from './order-folder';

interface Run {
  readonly status: number | string;
  readonly output: string;
}

const demo = async (baseUrl: string, options: Partial<DemoOptions> = {}): Promise<Run> => {
  let output = '';
  const sink = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      output += chunk.toString('utf8');
      done();
    },
  });
  const status = await runDemo({ baseUrl, output: sink, patienceMs: 60_000, ...options }).catch((error: unknown) =>
    String(error),
  );
  return { status, output };
};

const withEngine = async (options: StandInOptions, body: (engine: EngineStandIn) => Promise<void>): Promise<void> => {
  const engine = await startStandIn(options);
  try {
    await body(engine);
  } finally {
    await engine.stop();
  }
};

const TIMEOUT = { timeoutMs: 120_000 };

/** Everything of a report but what depends on the machine. */
const timeless = (output: string): string =>
  output
    .replace(/in [\d.]+ s \([\d,]+ per second\)/, 'in ? s')
    .replace(/[\d.]+ s later/, '? s later')
    .replace(/^ +[\d,]+ of [\d,]+ commands, .*\n/gm, '');

spec('the demonstration', ({ test, before, after }) => {
  let engine: EngineStandIn | undefined;
  let url = '';
  const runs: Run[] = [];
  before(async () => {
    engine = await startStandIn();
    ({ url } = engine);
    runs.push(await demo(url));
  });
  after(async () => engine?.stop());

  test(
    'with generated orders agrees in every row and every total',
    () => {
      const [first] = runs;
      assert.is(first?.status, 0, first?.output);
      assert.match(first?.output ?? '', /1,904 commands posted .*: 1,886 accepted, 0 unchanged, 18 refused/);
      assert.match(first?.output ?? '', /All \d+ rows and \d+ totals agree\./);
      for (const reason of [
        'place: OrderWithoutLines',
        'hand-to-carrier: OrderNotConfirmed',
        'cancel: OrderAlreadyDelivered',
      ])
        assert.match(first?.output ?? '', reason);
    },
    TIMEOUT,
  );

  test(
    'can be repeated: nothing changes, and all still agrees',
    async () => {
      const second = await demo(url);
      assert.is(second.status, 0, second.output);
      assert.match(second.output, /0 accepted, 1,886 unchanged, 18 refused/);
      const counted = (output: string): string => timeless(output).replace(/[\d,]+ accepted, [\d,]+ unchanged/, '?');
      assert.is(counted(second.output), counted(runs[0]?.output ?? ''));
    },
    TIMEOUT,
  );

  test(
    'with orders from files agrees on a server that holds other orders, and says that those are counted in',
    async () => {
      const { status, output } = await demo(url, { ordersDirectory: orderFolder(40) });
      assert.is(status, 0, output);
      assert.match(output, /other orders on this server are included in/);
      assert.match(output, /paid for orders never placed/);
      assert.match(output, /orders placed +8 +8$/m);
    },
    TIMEOUT,
  );

  test(
    'with other orders of the same articles counts their stock in',
    async () => {
      const { status, output } = await demo(url, { ordersDirectory: orderFolder(25) });
      assert.is(status, 0, output);
      assert.match(output, /pieces on hand/);
    },
    TIMEOUT,
  );
});

spec('the demonstration on two servers', ({ test }) => {
  test(
    'comes to the same, word for word',
    async () => {
      const outputs: string[] = [];
      for (let server = 1; server <= 2; server += 1) {
        await withEngine({}, async ({ url }) => {
          const { output } = await demo(url, { ordersDirectory: orderFolder(60) });
          outputs.push(
            timeless(output)
              .replace(url, 'URL')
              .replace(/of \S+tidemark-orders-\S+:/, 'of FOLDER:'),
          );
        });
      }
      assert.is(outputs[0], outputs[1]);
    },
    TIMEOUT,
  );
});

spec('the demonstration finds', ({ test }) => {
  const faults: ReadonlyArray<readonly [string, StandInOptions, RegExp]> = [
    [
      'a delivery that a projection lost',
      { shown: ({ id }) => (id === 'order-a0@4' ? 0 : 1) },
      /order-summary a0: status is "handed-over", not "delivered"/,
    ],
    [
      'a capture that was counted twice',
      { shown: ({ id }) => (id === 'payment-a0-1@2' ? 2 : 1) },
      /order-summary a0: paid is \d+, not \d+[\s\S]*sales-by-day \S+: amountPaid is/,
    ],
    [
      'an order that was counted twice',
      { shown: ({ id }) => (id === 'order-a0@1' ? 2 : 1) },
      /customer-orders \S+: orders is 2, not 1/,
    ],
    [
      'a receipt that a projection lost',
      { shown: ({ type, stream }) => (type === 'StockReceived' && stream === 'stock-article-0' ? 0 : 1) },
      /stock-level article-0: onHand is -?\d+, not \d+/,
    ],
    [
      'a refund that never came',
      { learned: ({ type, stream }) => !(type === 'OrderCancelled' && stream === 'order-a3') },
      /order-summary a3: paid is \d+, not 0/,
    ],
    [
      'pieces that were never dispatched',
      { learned: ({ id }) => id !== 'order-a0@3' },
      /stock-level article-0: onHand is/,
    ],
  ];
  for (const [what, options, difference] of faults) {
    test(
      `${what}, names the row, and ends with 1`,
      async () => {
        await withEngine(options, async ({ url }) => {
          const { status, output } = await demo(url, { ordersDirectory: orderFolder(20), patienceMs: 4_000 });
          assert.is(status, 1, output);
          assert.match(output, /\d+ differences:/);
          assert.match(output, difference);
        });
      },
      TIMEOUT,
    );
  }
});

spec('the demonstration stops', ({ test }) => {
  test(
    'where nobody confirms what is paid',
    async () => {
      await withEngine({ learned: () => false }, async ({ url }) => {
        const { status } = await demo(url, { ordersDirectory: orderFolder(20), patienceMs: 300 });
        assert.match(String(status), /DemoStopped: order a\d+ is reserved and paid, but no confirmation/);
      });
    },
    TIMEOUT,
  );

  test(
    'where the server asks for a key, and goes on with one',
    async () => {
      await withEngine({ keys: [{ name: 'shop', role: 'client', key: 'secret' }] }, async ({ url }) => {
        const ordersDirectory = orderFolder(8);
        assert.match(String((await demo(url, { ordersDirectory })).status), /DemoStopped: the server refuses the key/);
        assert.is((await demo(url, { ordersDirectory, apiKey: 'secret' })).status, 0);
      });
    },
    TIMEOUT,
  );

  test('where there is no server, before it says anything else', async () => {
    const { status, output } = await demo('http://127.0.0.1:9');
    assert.match(String(status), /DemoStopped: no Tidemark answers at http:\/\/127\.0\.0\.1:9/);
    assert.is(output, '');
  });

  test('where the orders cannot be read', async () => {
    const { status } = await demo('http://127.0.0.1:9', { ordersDirectory: '/nowhere' });
    assert.match(String(status), /UnusableOrders: .*ORDERS_DIR must hold/);
  });
});
