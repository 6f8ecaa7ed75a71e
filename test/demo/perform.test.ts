/** Performing actions: order within a lane, waiting for confirmations, and ending at a failure. */
import * as assert from 'uvu/assert';
import type { Action } from '../../api/demo/action';
import { actionsOf } from '../../api/demo/actions';
import type { ApiClient, CommandAnswer } from '../../api/demo/api-client';
import type { InputOrder } from '../../api/demo/input-order';
import { modelOf } from '../../api/demo/model';
import { performAll, type Performed } from '../../api/demo/perform';
import { DemoStopped } from '../../api/demo/patient-requests';
import { spec } from '../spec';
import { seededRandom } from '../support/random';
import { inputOrder, payment } from './orders';
import { ownClock } from '../support/test-clock';

interface Played {
  /** What happened, in order: `begin <action>`, `end <action>`, `await <token>`. */
  readonly log: ReadonlyArray<string>;
  readonly most: number;
  readonly result: Performed | string;
}

const nameOf = ({ id, command }: Action): string => `${id} ${command}`;

const play = async (
  orders: ReadonlyArray<InputOrder>,
  options: {
    readonly answer?: (action: Action) => CommandAnswer;
    readonly seen?: boolean;
    readonly concurrency?: number;
  } = {},
): Promise<Played> => {
  const log: string[] = [];
  const random = seededRandom(11);
  let underWay = 0;
  let most = 0;
  const unused = (): never => {
    throw new Error('performing reads nothing');
  };
  const client: ApiClient = {
    ensureReady: unused,
    readRow: unused,
    readView: unused,
    readStream: unused,
    perform: async (action) => {
      underWay += 1;
      most = Math.max(most, underWay);
      log.push(`begin ${nameOf(action)}`);
      await ownClock.sleep(random() * 3);
      log.push(`end ${nameOf(action)}`);
      underWay -= 1;
      return options.answer?.(action) ?? { _tag: 'Accepted', stream: `${action.path}-${action.id}`, version: 1 };
    },
    awaitSeen: async (view, tokens) => {
      log.push(`await ${view} ${tokens.join(',')}`);
      await ownClock.sleep(1);
      return options.seen ?? true;
    },
  };
  const result = await performAll(actionsOf(orders), {
    client,
    model: modelOf(orders),
    concurrency: options.concurrency ?? 4,
    clock: ownClock,
    patienceMs: 100,
    onProgress: () => {},
  }).catch((error: unknown) => {
    if (error instanceof DemoStopped) return error.message;
    throw error;
  });
  return { log, most, result };
};

const manyOrders = Array.from({ length: 30 }, (_, index) =>
  inputOrder({
    orderId: `o${index}`,
    lines: [{ sku: `sku-${index % 3}`, quantity: 1, unitPrice: 2_000, freight: 300 }],
  }),
);

spec('performing', ({ test }) => {
  test('does the actions of an order strictly one after another, and places it behind its receipts', async () => {
    const { log } = await play(manyOrders);
    for (const { orderId, lines } of manyOrders) {
      const receipt = `end ${lines[0]?.sku ?? ''} receive`;
      const ours = log.filter((line) => line.includes(` ${orderId} `) || line.includes(` ${orderId}-1 `));
      assert.equal(ours, [
        ...[`${orderId} place`, `${orderId}-1 authorise`, `${orderId}-1 capture`].flatMap((each) => [
          `begin ${each}`,
          `end ${each}`,
        ]),
        ...[`${orderId} hand-to-carrier`, `${orderId} deliver`].flatMap((each) => [`begin ${each}`, `end ${each}`]),
      ]);
      assert.ok(log.indexOf(receipt) < log.indexOf(`begin ${orderId} place`));
    }
  });

  test('has no more under way than it may, and no less', async () => {
    const { most } = await play(manyOrders, { concurrency: 5 });
    assert.is(most, 5);
  });

  test('waits for the confirmation of what is paid, once, before it goes on', async () => {
    const { log } = await play([inputOrder()]);
    const awaited = log.filter((line) => line.startsWith('await'));
    assert.equal(awaited, ['await order-summary order-o1@2']);
    assert.is(log.indexOf('await order-summary order-o1@2'), log.indexOf('begin o1 hand-to-carrier') - 1);
  });

  test('waits for no confirmation of what is not paid', async () => {
    const { log } = await play([inputOrder({ payments: [payment('p1', 2_299)] })]);
    assert.equal(
      log.filter((line) => line.startsWith('await')),
      [],
    );
  });

  test('stops where a confirmation does not come, and names the order', async () => {
    const { result, log } = await play([inputOrder()], { seen: false });
    assert.match(
      result as string,
      /order o1 is reserved and paid, but no confirmation \(order-o1@2\) arrived.*\/ops\/groups/,
    );
    assert.not.ok(log.includes('begin o1 hand-to-carrier'));
  });

  test('counts answers, and refusals by command and reason', async () => {
    const { result } = await play([inputOrder(), inputOrder({ orderId: 'o2' })], {
      answer: ({ command, path, id }) => {
        if (command === 'authorise') return { _tag: 'Refused', reason: 'No' };
        if (command === 'place') return { _tag: 'Unchanged', stream: `${path}-${id}`, version: 3 };
        return { _tag: 'Accepted', stream: `${path}-${id}`, version: id === 'o1' ? 2 : 1 };
      },
    });
    const { versions, delivered, ...counts } = result as Performed;
    assert.equal(counts, { posted: 11, accepted: 7, unchanged: 2, refused: new Map([['authorise: No', 2]]) });
    assert.is(versions.get('orders-o1'), 3);
    assert.equal([...delivered].sort(), ['o1', 'o2']);
  });

  test('ends at a failure, and begins nothing after it', async () => {
    let answered = 0;
    const { result, log } = await play(manyOrders, {
      answer: ({ path, id }) => {
        answered += 1;
        if (answered === 10) throw new DemoStopped('the server is gone');
        return { _tag: 'Accepted', stream: `${path}-${id}`, version: 1 };
      },
    });
    assert.is(result, 'the server is gone');
    assert.ok(log.filter((line) => line.startsWith('begin')).length <= 10 + 4);
  });
});
