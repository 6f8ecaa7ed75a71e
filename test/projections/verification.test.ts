/** A projection compared with the store: events that operators discarded are skipped in both. */
import { feedOf } from '../support/reader-feed';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { withTopicPrefix } from '../../domain/kernel/topic-prefix';
import { application } from '../../projections/fulfilment/application';
import { NotVerifiable, verifyProjection, type Verification } from '../../projections/engine/inspect/verify';
import { orderSummary } from '../../projections/fulfilment/order-summary';
import { spec } from '../spec';
import { ordersStory } from './projections-world';
import { deliver, logOf, openViews, readBy, storedOf, storeOf, temporaryFolder, type Views } from './views-fixture';
import { ownClock } from '../support/test-clock';

const { catalog } = application;

const facts = { orderId: 'o1', customerId: 'c1', currency: 'EUR', amount: 101, placedAt: '2018-03-02T10:00:00Z' };

const stored = storedOf([
  ...ordersStory(1, 4),
  // Not what its contract says.
  ['order-o1', 'OrderConfirmed', { orderId: 'o1' }],
  ['order-o1', 'OrderHandedToCarrier', { ...facts, handedOverAt: '2018-03-03T10:00:00Z' }],
  ...ordersStory(5, 1),
]);

const verified = (folder: string, name: string, topicPrefix = ''): Promise<Verification> =>
  verifyProjection({
    viewsFile: join(folder, 'views.sqlite'),
    scratchFile: join(folder, name),
    store: feedOf(storeOf(stored, [])),
    catalog: withTopicPrefix(catalog, topicPrefix),
    projection: orderSummary,
    clock: ownClock,
    onProgress: () => undefined,
  });

/** Discards the first dead letter and releases its stream. */
const discard = async ({ requests, operations }: Views): Promise<void> => {
  requests.push({
    id: 1,
    kind: 'dead-letter-discard',
    body: JSON.stringify({ group: 'order-summary', letter: 1, reason: 'it says nothing' }),
    requestedAt: '2018-03-01T12:30:45.678Z',
    actor: 'ada',
  });
  await operations.takeFailureRequests({});
  while ((await operations.redriveStep({ projection: 'order-summary' })).events !== undefined);
};

spec('a verification', ({ test }) => {
  test('dead-letters what the group has dead-lettered, and skips what operators have discarded', async () => {
    const folder = temporaryFolder();
    const views = await openViews({ file: join(folder, 'views.sqlite'), projections: [orderSummary], stored });
    await deliver(views, 'order-summary', readBy(orderSummary, logOf(stored)));
    const waiting = await verified(folder, 'waiting.sqlite');
    assert.equal([waiting.proof.equal, waiting.proof.rows], [true, 5]);
    await discard(views);
    const shown = views.database.prepare('SELECT "handedOverAt" FROM "order-summary#1" WHERE "orderId" = ?').pluck();
    assert.is(shown.get('o1'), '2018-03-03T10:00:00Z', 'what waited behind it is applied');
    const after = await verified(folder, 'after.sqlite');
    assert.equal(after.differences, null);
    assert.is(after.proof.equal, true);
    await views.close();
  });

  test('refuses rows that were made from topics of other names', async () => {
    const folder = temporaryFolder();
    const views = await openViews({ file: join(folder, 'views.sqlite'), projections: [orderSummary], stored });
    await deliver(views, 'order-summary', readBy(orderSummary, logOf(stored)));
    const outcome = await verified(folder, 'elsewhere.sqlite', 'shop-').catch((error: unknown) => error);
    assert.instance(outcome, NotVerifiable);
    const { message } = outcome as NotVerifiable;
    assert.match(
      message,
      /has checkpoints in (orders|payments), and not in shop-orders, shop-payments: set KAFKA_TOPIC_PREFIX/,
    );
    await views.close();
  });
});
