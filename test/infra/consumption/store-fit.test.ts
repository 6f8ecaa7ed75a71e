/** Whether a group fits its store: other stores, older ones, and one that was older for a while. */
import { feedOf } from '../../support/reader-feed';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import { application } from '../../../projections/fulfilment/application';
import { startConsumerGroup } from '../../../infra/consumption/loop/start-consumer-group';
import { storeFit } from '../../../infra/consumption/loop/store-fit';
import { deadLetterReader } from '../../../infra/sqlite/consumer-file/dead-letters-reader';
import type { EventLog } from '../../../infra/kafka/event-log';
import { silentLogger } from '../../../infra/logger';
import { memoryLog } from '../../projections/memory-log';
import { logOf, storedOf, storeOf, STORE_ID, type Told } from '../../projections/views-fixture';
import { spec } from '../../spec';
import { eventually } from '../../support/server';
import { temporaryFolder } from '../sqlite/temporary-folder';
import { tallyHandler, type Tally } from './tally-handler';
import { systemClock } from '../../../infra/clock';

const { catalog } = application;

const story = storedOf(
  Array.from({ length: 6 }, (_, index): Told => {
    const sku = `k${index}`;
    return [`stock-${sku}`, 'StockReceived', { sku, receiptId: 'r', quantity: 1, receivedAt: '2018-01-01T00:00:00Z' }];
  }),
);
const memory = memoryLog({ records: logOf(story) });
/** One that waits where there is nothing, as a broker does. */
const log: EventLog = {
  ...memory,
  openConsumer: async (group) => {
    const consumer = await memory.openConsumer(group);
    const poll: typeof consumer.poll = async (most) => {
      await delay(5);
      return consumer.poll(most);
    };
    return { ...consumer, poll };
  },
};

/** Runs the group on a store with so many of the events until what is wanted holds; returns its last status. */
const run = async (tally: Tally, events: number, holds: () => boolean, isReplaced = () => false) => {
  const store = storeOf(story.slice(0, events), []);
  const feed = { ...feedOf(store), lastPosition: async () => Promise.resolve(isReplaced() ? 2 : store.lastPosition()) };
  const group = startConsumerGroup({
    log,
    handler: tally,
    topics: catalog.aggregates.map(({ topic }) => topic),
    clock: systemClock,
    logger: silentLogger,
    acceptNewLog: false,
    storeFits: storeFit({ store: feed, file: 'views.sqlite', boundTo: STORE_ID }),
    storeLastPosition: async () => Promise.resolve(store.lastPosition()),
  });
  try {
    await eventually('the group has come that far', async () =>
      Promise.resolve(holds() || group.status().state === 'halted'),
    );
    return group.status();
  } finally {
    await group.stop();
  }
};

/** A tally whose store holds so many of the events. */
const tallyOn = (file: string, events: number): Tally => {
  const store = storeOf(story.slice(0, events), []);
  return tallyHandler(file, catalog, {
    ...store,
    eventAt: (position) => (position > events ? undefined : store.eventAt(position)),
  });
};

spec('a group', ({ test }) => {
  const marks = [{ topic: 'orders', partition: 2, highWaterPosition: 6 }];
  const store = feedOf(storeOf(story, []));

  test('continues where its file and its high-water positions fit the store', async () => {
    assert.is(await storeFit({ store, file: 'views.sqlite', boundTo: STORE_ID })(marks), undefined);
  });

  test('reads nothing where its file was made from another store, and names both and what to do', async () => {
    const reason = await storeFit({ store, file: 'views.sqlite', boundTo: 'another' })([]);
    assert.match(reason ?? '', new RegExp(`views.sqlite was made from the store another.*${STORE_ID}.*new-history`));
  });

  test('halts where it has applied more than the store holds', async () => {
    const older = feedOf(storeOf(story.slice(0, 2), []));
    const reason = await storeFit({ store: older, file: 'views.sqlite', boundTo: STORE_ID })(marks);
    assert.match(reason ?? '', /position 6 \(orders\/2\).*ends at 2.*Restore the newest store.*new-history/);
  });

  test('halts while it runs where an older copy of the store took its place', async () => {
    const tally = tallyOn(join(temporaryFolder(), 'tally.sqlite'), 6);
    let isReplaced = false;
    const status = await run(
      tally,
      6,
      () => {
        isReplaced = tally.counts().size === 6;
        return false;
      },
      () => isReplaced,
    );
    assert.is(status.state, 'halted');
    assert.match(status.reason ?? '', /ends at 2: the store is older than its readers/);
    tally.database.close();
  });

  test('loses nothing that it has dead-lettered while the store was older, once the newest one is restored', async () => {
    const file = join(temporaryFolder(), 'tally.sqlite');
    const older = tallyOn(file, 3);
    const status = await run(older, 3, () => deadLetterReader(older.database).list({}, { limit: 9 }).length === 3);
    assert.is.not(status.state, 'halted', status.reason ?? '');
    assert.is(older.counts().size, 3);
    older.database.close();
    const newest = tallyOn(file, 6);
    await run(newest, 6, () => newest.counts().size === 6);
    assert.equal(
      [...newest.counts()].map(([id, count]) => [id, count]),
      story.map(({ id }) => [id, 1]),
    );
    newest.database.close();
  });
});
