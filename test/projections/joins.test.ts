/** Rows that several streams make: joined with references, several for one event, and removed again. */
import { join } from 'node:path';
import fc from 'fast-check';
import * as assert from 'uvu/assert';
import type { StoredEvent } from '../../domain/kernel/recorded-event';
import { rowExplanations } from '../../projections/engine/inspect/explain-row';
import { verifyProjection } from '../../projections/engine/inspect/verify';
import type { Projection } from '../../projections/projection';
import { SEED } from '../domain/arbitraries';
import { dueDates } from '../examples/library/due-dates';
import library from '../examples/library/application';
import { loanList } from '../examples/library/loan-list';
import { spec } from '../spec';
import { seededRandom } from '../support/random';
import { feedOf } from '../support/reader-feed';
import { ownClock } from '../support/test-clock';
import { deliveries } from './histories';
import {
  expectedDueDates,
  expectedLoans,
  lendingHistories,
  lent,
  left,
  registered,
  renamed,
  returned,
} from './lending';
import { memoryLog } from './memory-log';
import { asked, request, run, statusOf } from './rebuild-fixture';
import {
  allRowsOf,
  deliver,
  logOf,
  openViews,
  readBy,
  rowsOf,
  storedOf,
  storeOf,
  temporaryFolder,
} from './views-fixture';

const { catalog } = library;
const RUNS = 25;

const inFile = (): string => join(temporaryFolder(), 'views.sqlite');

/** Every row of every table when a log delivers the events in a random way, and the process dies now and then between batches. */
const delivered = async (projection: Projection, events: ReadonlyArray<StoredEvent>, seed: number) => {
  const random = seededRandom(seed);
  const choose = (below: number): number => Math.floor(random() * below);
  const records = readBy(projection, logOf(events, catalog), catalog);
  const file = inFile();
  let views = await openViews({ file, catalog, projections: [projection], stored: events });
  for (const batch of deliveries(records, choose)) {
    if (choose(6) === 0) {
      await views.close();
      views = await openViews({ file, catalog, projections: [projection], stored: events });
    }
    await deliver(views, projection.name, batch);
  }
  const rows = { all: allRowsOf(views.database, projection), served: rowsOf(views.database, projection.name) };
  await views.close();
  return rows;
};

const replayed = async (projection: Projection, events: ReadonlyArray<StoredEvent>) => {
  const views = await openViews({ catalog, projections: [projection], stored: events });
  const untilPosition = events.length;
  await views.operations.applyFromStore({ projection: projection.name, afterPosition: 0, untilPosition });
  const rows = allRowsOf(views.database, projection);
  await views.close();
  return rows;
};

const cases = [
  [loanList, expectedLoans],
  [dueDates, expectedDueDates],
] as const;

spec('a view that several streams make', ({ test }) => {
  for (const [projection, expected] of cases) {
    test(`${projection.name}: any interleaving, repeats and crashes yield the rows of a plain fold, and of the store`, async () => {
      await fc.assert(
        fc.asyncProperty(lendingHistories, fc.nat(), fc.nat(), async (events, cut, seed) => {
          const prefix = events.slice(0, 1 + (cut % (events.length + 1)));
          const { all, served } = await delivered(projection, prefix, seed);
          assert.equal(served, expected(prefix));
          assert.is(JSON.stringify(all), JSON.stringify(await replayed(projection, prefix)));
        }),
        { seed: SEED, numRuns: RUNS },
      );
    });
  }

  test('joins every one of thousands of rows again when what they are joined with changes', async () => {
    const many = 2_500;
    const loans = Array.from({ length: many }, (_, index) => lent(`l${String(index).padStart(5, '0')}`, 'm1'));
    const stored = storedOf([registered('m1', 'Ada'), ...loans, registered('m2', 'Bea'), renamed('m1', 'Ada King')]);
    const views = await openViews({ catalog, projections: [loanList], stored });
    for (const [afterPosition, untilPosition] of [
      [0, many + 2],
      [many + 2, many + 3],
    ] as const)
      await views.operations.applyFromStore({ projection: 'loan-list', afterPosition, untilPosition });
    const names = new Set(
      rowsOf(views.database, 'loan-list').map((row) => (row as { memberName: unknown }).memberName),
    );
    assert.equal([...names], ['Ada King']);
    await views.close();
  });
});

const story = [
  lent('l1', 'm1'),
  registered('m1', 'Ada'),
  lent('l2', 'm2'),
  renamed('m1', 'Ada King'),
  registered('m2', 'Bea'),
  returned('l1', 'm1'),
];

const applied = async (events: ReadonlyArray<StoredEvent>, projections: ReadonlyArray<Projection> = [loanList]) => {
  const views = await openViews({ file: inFile(), catalog, projections, stored: events });
  for (const projection of projections)
    await deliver(views, projection.name, readBy(projection, logOf(events, catalog), catalog));
  return views;
};

spec('a joined row', ({ test }) => {
  test('is explained by the events of both streams', async () => {
    const stored = storedOf(story);
    const views = await applied(stored);
    const store = feedOf(storeOf(stored, []));
    const explain = rowExplanations({ viewsFile: views.database.name, store, catalog, projections: [loanList] });
    const found = await explain('loan-list', 'l1');
    assert.is(found?.agrees, true);
    assert.equal(
      found?.history.map(({ id, changes }) => [id, changes['memberName']?.to]),
      [
        ['loan-l1@1', null],
        ['member-m1@1', 'Ada'],
        ['member-m1@2', 'Ada King'],
        ['loan-l1@2', undefined],
      ],
    );
    await views.close();
  });

  for (const from of ['kafka', 'store'] as const) {
    test(`is proven by a rebuild from the ${from}, which names a wrong row of either table with its events`, async () => {
      const stored = storedOf(story);
      const views = await applied(stored);
      const log = memoryLog({ records: readBy(loanList, logOf(stored, catalog), catalog) });
      views.requests.push(request(1, 'loan-list', from));
      await run(views, loanList, await asked(views), { log, catalog });
      const proven = statusOf(views, 1);
      assert.equal([proven.state, proven.proof?.['equal']], ['done', true]);
      assert.is((proven.proof?.['store'] as { readonly equal: boolean }).equal, true);

      views.database.exec(`UPDATE "loan-list#2#reference member" SET name = 'Eve' WHERE memberId = 'm1'`);
      views.requests.push(request(2, 'loan-list', from));
      await run(views, loanList, await asked(views), { log, catalog });
      const { state, differences } = statusOf(views, 2);
      assert.is(state, 'waiting');
      assert.equal(
        differences?.rows.map(({ table, key, events }) => [table, key, events]),
        [['member', 'm1', ['member-m1@1', 'member-m1@2']]],
      );
      await views.close();
    });
  }

  test('is verified against the store, and what differs is named', async () => {
    const stored = storedOf(story);
    const views = await applied(stored);
    const verified = async (name: string) =>
      verifyProjection({
        viewsFile: views.database.name,
        scratchFile: join(temporaryFolder(), name),
        store: feedOf(storeOf(stored, [])),
        catalog,
        projection: loanList,
        clock: ownClock,
        onProgress: () => undefined,
      });
    assert.is((await verified('first.sqlite')).proof.equal, true);
    views.database.exec(`UPDATE "loan-list#1" SET memberName = 'Eve' WHERE loanId = 'l1'`);
    const { differences } = await verified('second.sqlite');
    assert.equal(
      differences?.rows.map(({ table, key, events }) => [table, key, events]),
      [['view', 'l1', ['loan-l1@1', 'member-m1@1', 'member-m1@2', 'loan-l1@2']]],
    );
    await views.close();
  });

  test('is rebuilt alone with what it is joined with, and the rows that share it', async () => {
    const stored = storedOf([...story, lent('l3', 'm1')]);
    const views = await applied(stored);
    const before = allRowsOf(views.database, loanList);
    views.database.exec(`UPDATE "loan-list#1#reference member" SET name = 'Eve' WHERE memberId = 'm1'`);
    views.database.exec(`UPDATE "loan-list#1" SET memberName = 'Eve' WHERE memberId = 'm1'`);
    const body = JSON.stringify({ projection: 'loan-list', from: 'store', kind: 'row', key: 'l1' });
    views.requests.push({ ...request(1, 'loan-list', 'store'), body });
    await run(views, loanList, await asked(views), { catalog });
    assert.equal([statusOf(views, 1).state, statusOf(views, 1).kind], ['done', 'row']);
    assert.equal(allRowsOf(views.database, loanList), before);
    await views.close();
  });
});

spec('a removed row', ({ test }) => {
  test('is explained by what removed it, and comes back from a copy as of before', async () => {
    const stored = storedOf([lent('l1', 'm1'), returned('l1', 'm1')]);
    const views = await applied(stored, [dueDates]);
    assert.equal(rowsOf(views.database, 'due-dates'), []);
    const store = feedOf(storeOf(stored, []));
    const explain = rowExplanations({ viewsFile: views.database.name, store, catalog, projections: [dueDates] });
    const found = await explain('due-dates', 'l1:return');
    assert.equal([found?.row, found?.rowFromEvents, found?.agrees], [null, null, true]);
    assert.equal(
      found?.history.map(({ id, changes }) => [id, changes['memberId']]),
      [
        ['loan-l1@1', { from: null, to: 'm1' }],
        ['loan-l1@2', { from: 'm1', to: null }],
      ],
    );
    const body = JSON.stringify({
      projection: 'due-dates',
      from: 'store',
      kind: 'copy',
      copy: 'then',
      until: '1',
      untilPosition: 1,
    });
    views.requests.push({ ...request(1, 'due-dates', 'store'), body });
    await run(views, dueDates, await asked(views), { catalog });
    assert.is(statusOf(views, 1).state, 'done', String(statusOf(views, 1).reason));
    assert.is(rowsOf(views.database, 'due-dates', 2).length, 2);
    await views.close();
  });

  test('takes what it was joined with along, and a member who comes back is shown again', async () => {
    const stored = storedOf([registered('m1', 'Ada'), lent('l1', 'm1'), left('m1'), registered('m1', 'Ada King')]);
    const views = await openViews({ catalog, projections: [loanList], stored });
    const shown: unknown[] = [];
    for (let position = 0; position < stored.length; position += 1) {
      const page = { projection: 'loan-list', afterPosition: position, untilPosition: position + 1 };
      await views.operations.applyFromStore(page);
      shown.push(rowsOf(views.database, 'loan-list').map((row) => (row as { memberName: unknown }).memberName));
    }
    assert.equal(shown, [[], ['Ada'], [null], ['Ada King']]);
    await views.close();
  });
});
