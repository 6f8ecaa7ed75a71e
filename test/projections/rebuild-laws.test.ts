/** The law of rebuilds: killed at any point, while the group goes on, it yields the same rows as without a kill. */
import fc from 'fast-check';
import * as assert from 'uvu/assert';
import type { StoredEvent } from '../../domain/kernel/recorded-event';
import type { RebuildEnd } from '../../projections/engine/rebuild/task';
import { sendTo, viewsClient } from '../../projections/engine/writer-thread/client';
import type { Projection } from '../../projections/projection';
import { application } from '../../projections/fulfilment/application';
import { SEED } from '../domain/arbitraries';
import { spec } from '../spec';
import { seededRandom } from '../support/random';
import { deliveries, histories } from './histories';
import { memoryLog } from './memory-log';
import { asked, request, run, statusOf } from './rebuild-fixture';
import { allRowsOf, deliver, logOf, openViews, readBy } from './views-fixture';

const { projections } = application;

spec('rebuilds, over random histories', ({ test }) => {
  /** A group that has made some progress, a rebuild that is killed, and a group that goes on: returns the rows of both. */
  const disturbed = async (
    projection: Projection,
    from: 'kafka' | 'store',
    events: ReadonlyArray<StoredEvent>,
    seed: number,
  ) => {
    const random = seededRandom(seed);
    const choose = (below: number): number => Math.floor(random() * below);
    const requests = [request(1, projection.name, from)];
    const views = await openViews({ projections: [projection], stored: events, requests });
    const batches = [...deliveries(readBy(projection, logOf(events)), choose)];
    const records = batches.flat();
    const next = async (count: number): Promise<void> => {
      for (const batch of batches.splice(0, count)) await deliver(views, projection.name, batch);
    };
    await next(choose(batches.length + 1));
    let isPaused = false;
    // The process ends before or after any of its steps, and restarts.
    const perhapsKilled = (): void => {
      if (choose(15) === 0) throw new Error('killed');
    };
    const client = viewsClient((name, input, transfer) =>
      (isPaused || choose(15) > 0 ? Promise.resolve() : next(1))
        .then(perhapsKilled)
        .then(() => sendTo(views.client)(name, input, transfer))
        .then((output) => {
          if (name !== 'finishRebuild') perhapsKilled();
          return output;
        }),
    );
    const pausedWhile = async <Result>(work: () => Promise<Result>): Promise<Result> => {
      isPaused = true;
      try {
        return await work();
      } finally {
        isPaused = false;
      }
    };
    const fakeLog = memoryLog({ records, pollSize: () => choose(4) });
    for (let end: RebuildEnd | undefined; end !== 'done';) {
      end = await run(views, projection, await asked(views), { client, pausedWhile, log: fakeLog }).catch(
        () => undefined,
      );
    }
    const { proof } = statusOf(views, 1);
    assert.is(proof?.['equal'], true);
    assert.is(proof?.['eventsFromStore'], undefined, 'the log holds it all');
    await next(batches.length);
    const rows = allRowsOf(views.database, projection, 2);
    await views.close();
    return rows;
  };

  const undisturbed = async (projection: Projection, events: ReadonlyArray<StoredEvent>) => {
    const views = await openViews({ projections: [projection], stored: events });
    const page = { projection: projection.name, afterPosition: 0, untilPosition: events.length };
    await views.operations.applyFromStore(page);
    const rows = allRowsOf(views.database, projection);
    await views.close();
    return rows;
  };

  for (const projection of projections) {
    for (const from of ['kafka', 'store'] as const) {
      test(`${projection.name} from the ${from}: killed at any point while the group goes on, it yields the same rows`, async () => {
        await fc.assert(
          fc.asyncProperty(histories, fc.nat(), async (events, seed) => {
            const expected = JSON.stringify(await undisturbed(projection, events));
            assert.is(JSON.stringify(await disturbed(projection, from, events, seed)), expected);
          }),
          { seed: SEED, numRuns: 25 },
        );
      });
    }
  }
});
