/** Operations that only read the views' file leave it unchanged, and work on a read-only file. */
import * as assert from 'uvu/assert';
import { viewsQueries, type ViewsOperations } from '../../projections/engine/writer-thread/operations';
import { spec } from '../spec';
import { request } from './rebuild-fixture';
import { openViews, type Views } from './views-fixture';

const inputs: Readonly<Record<(typeof viewsQueries)[number], object>> = {
  checkpoints: { consumer: 'order-summary' },
  hasSetAsideUpTo: { consumer: 'order-summary', lastPosition: 9 },
  openOffsetRequests: {},
  openRebuilds: {},
  cancelledAmong: { ids: [1] },
  compareWithStore: { id: 1 },
  copiesWaiting: { group: 'order-summary', limit: 10 },
  defectsWaiting: { limit: 10 },
};

/** Every operation that writes and takes an empty input. */
const writing = ['prepare', 'takeRebuildRequests', 'takeFailureRequests'] as const;

const call = async ({ operations }: Views, name: keyof ViewsOperations, input: object): Promise<unknown> =>
  Promise.resolve(operations[name](input as never));

spec("the views' file", ({ test }) => {
  for (const name of viewsQueries) {
    test(`is read by ${name} and not written, whatever operators have requested meanwhile`, async () => {
      const views = await openViews({ requests: [request(1, 'order-summary', 'store')] });
      views.database.pragma('query_only = ON');
      await call(views, name, inputs[name]);
      views.database.pragma('query_only = OFF');
      await views.close();
    });
  }

  test('shows a rebuild only once its request was picked up', async () => {
    const views = await openViews({ requests: [request(1, 'order-summary', 'store')] });
    assert.equal(await views.operations.openRebuilds({}), []);
    await views.operations.takeRebuildRequests({});
    assert.equal(
      (await views.operations.openRebuilds({})).map(({ id }) => id),
      [1],
    );
    await views.close();
  });

  for (const name of writing) {
    test(`cannot be written by ${name} where only reading is allowed, so that the tests above find what they look for`, async () => {
      const views = await openViews({ requests: [request(1, 'order-summary', 'store')] });
      views.database.pragma('query_only = ON');
      const error = await call(views, name, {}).catch((reason: unknown) => reason);
      views.database.pragma('query_only = OFF');
      assert.match(String(error), /readonly/);
      await views.close();
    });
  }
});
