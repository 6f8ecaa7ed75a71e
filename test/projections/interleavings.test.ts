/** The law of every projection: the same events yield the same rows, however the log delivers them. */
import fc from 'fast-check';
import * as assert from 'uvu/assert';
import type { StoredEvent } from '../../domain/kernel/recorded-event';
import type { Projection } from '../../projections/projection';
import { application } from '../../projections/fulfilment/application';
import { SEED } from '../domain/arbitraries';
import { seededRandom } from '../support/random';
import { spec } from '../spec';
import { deliveries, histories } from './histories';
import { expectedRows } from './expected-rows';
import { allRowsOf, deliver, logOf, openViews, readBy, rowsOf } from './views-fixture';

const { projections } = application;

const RUNS = 60;

/** Every row that the projection yields when a log delivers the events in a random way. */
const delivered = async (projection: Projection, events: ReadonlyArray<StoredEvent>, seed: number) => {
  const random = seededRandom(seed);
  const views = await openViews({ projections: [projection] });
  const records = readBy(projection, logOf(events));
  for (const batch of deliveries(records, (below) => Math.floor(random() * below))) {
    await deliver(views, projection.name, batch);
  }
  const rows = allRowsOf(views.database, projection);
  await views.close();
  return rows;
};

/** Every row that the projection yields from the store's pages. */
const replayed = async (projection: Projection, events: ReadonlyArray<StoredEvent>) => {
  const views = await openViews({ projections: [projection], stored: events });
  const untilPosition = events.length;
  await views.operations.applyFromStore({ projection: projection.name, afterPosition: 0, untilPosition });
  const all = allRowsOf(views.database, projection);
  const served = rowsOf(views.database, projection.name);
  await views.close();
  return { all, served };
};

spec('every projection, over random histories', ({ test }) => {
  for (const projection of projections) {
    test(`${projection.name}: any interleaving of partitions, batches and repeats yields the same rows`, async () => {
      await fc.assert(
        fc.asyncProperty(histories, fc.nat(), fc.nat(), async (events, first, second) => {
          const reference = await replayed(projection, events);
          const [one, other] = [
            await delivered(projection, events, first),
            await delivered(projection, events, second),
          ];
          assert.is(JSON.stringify(one), JSON.stringify(reference.all));
          assert.is(JSON.stringify(other), JSON.stringify(reference.all));
        }),
        { seed: SEED, numRuns: RUNS },
      );
    });

    test(`${projection.name}: any prefix, replayed twice in any way, yields the same bytes`, async () => {
      await fc.assert(
        fc.asyncProperty(histories, fc.nat(), fc.nat(), fc.nat(), async (events, cut, first, second) => {
          const prefix = events.slice(0, cut % (events.length + 1));
          const one = JSON.stringify(await delivered(projection, prefix, first));
          assert.is(JSON.stringify(await delivered(projection, prefix, second)), one);
          assert.is(JSON.stringify((await replayed(projection, prefix)).all), one);
        }),
        { seed: SEED, numRuns: RUNS },
      );
    });

    test(`${projection.name}: the rows equal plain sums over the events`, async () => {
      await fc.assert(
        fc.asyncProperty(histories, async (events) => {
          const { served } = await replayed(projection, events);
          assert.equal(served, expectedRows(projection.name, events));
        }),
        { seed: SEED, numRuns: RUNS },
      );
    });
  }
});
