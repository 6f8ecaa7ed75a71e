/** Joined rows while an event is set aside, and removals that several streams make in any order. */
import { join } from 'node:path';
import fc from 'fast-check';
import * as t from 'io-ts';
import * as assert from 'uvu/assert';
import { aggregate, catalogOf } from '../../domain/kernel/aggregate';
import { field } from '../../domain/kernel/codec';
import type { Command } from '../../domain/kernel/command-definition';
import { nothingToChange } from '../../domain/kernel/decider';
import { defineEvent, type EventOf } from '../../domain/kernel/event-definition';
import type { StoredEvent } from '../../domain/kernel/recorded-event';
import { deadLetterReader } from '../../infra/sqlite/consumer-file/dead-letters-reader';
import { openViewReader } from '../../projections/engine/query/view-database-reader';
import { defineJoin, defineProjection, integer, nullable, rejected, text } from '../../projections/projection';
import type { Projection } from '../../projections/projection';
import { SEED } from '../domain/arbitraries';
import library from '../examples/library/application';
import { loanList } from '../examples/library/loan-list';
import { spec } from '../spec';
import { seededRandom } from '../support/random';
import { deliveries } from './histories';
import { lent, registered, renamed, shuffled } from './lending';
import {
  allRowsOf,
  deliver,
  logOf,
  openViews,
  readBy,
  rowsOf,
  storedOf,
  temporaryFolder,
  type Told,
  type Views,
} from './views-fixture';

/** A view of the library's loans that fails at some events, until it is mended. */
const brokenAt = (ids: ReadonlyArray<string>) => {
  let broken = new Set(ids);
  const projection: Projection = {
    ...loanList,
    project: (event) => {
      if (broken.has(event.id)) throw new TypeError('the release is broken');
      return loanList.project(event);
    },
  };
  return { projection, mend: () => void (broken = new Set()) };
};

const served = ({ database }: Views): ReadonlyArray<Readonly<Record<string, unknown>>> => {
  const reader = openViewReader(database.name, library.projections, library.catalog);
  const page = reader.list('loan-list', { filters: {}, limit: 100 });
  reader.close();
  return page._tag === 'Right' ? page.right.items : [];
};

const staleIn = (views: Views): ReadonlyArray<unknown> =>
  served(views).flatMap(({ stale, loanId }) => (stale === true ? [loanId] : []));

const redriven = async (views: Views): Promise<void> => {
  const { letters, preview } = deadLetterReader(views.database).select('loan-list', {});
  const asking = { requestedAt: '2026-01-01T00:00:00.000Z', actor: 'ada' };
  const plan = JSON.stringify({ group: 'loan-list', letters, ratePerSecond: 1_000, preview });
  views.requests.push({ ...asking, id: 1, kind: 'redrive-plan', body: plan });
  views.requests.push({
    ...asking,
    id: 2,
    kind: 'redrive-run',
    body: JSON.stringify({ group: 'loan-list', redrive: 1 }),
  });
  await views.operations.takeFailureRequests({});
  while ((await views.operations.redriveStep({ projection: 'loan-list' })).events !== undefined);
};

spec('a joined row whose other stream is quarantined', ({ test }) => {
  const { catalog } = library;
  const story: ReadonlyArray<Told> = [
    registered('m1', 'Ada'),
    lent('l1', 'm1'),
    lent('l2', 'm2'),
    renamed('m1', 'Ada King'),
    renamed('m1', 'Lady Lovelace'),
    lent('l3', 'm1'),
  ];

  test('is stale, a row that is joined later too, and no other; until the event is redriven', async () => {
    const { projection, mend } = brokenAt(['member-m1@2']);
    const stored = storedOf(story);
    const file = join(temporaryFolder(), 'views.sqlite');
    const views = await openViews({ file, catalog, projections: [projection], stored });
    const log = readBy(loanList, logOf(stored, catalog), catalog);
    await deliver(views, 'loan-list', log.slice(0, 5));
    assert.equal(staleIn(views), ['l1']);
    await deliver(views, 'loan-list', log.slice(5));
    assert.equal(staleIn(views), ['l1', 'l3']);
    assert.is(served(views)[2]?.['memberName'], 'Ada');
    mend();
    await redriven(views);
    assert.equal(staleIn(views), []);
    assert.equal(
      served(views).map(({ memberName }) => memberName),
      ['Lady Lovelace', null, 'Lady Lovelace'],
    );
    await views.close();
  });

  test('is stale for an event that cannot be read, found by the key that its payload names', async () => {
    const { projection } = brokenAt(['member-m1@2']);
    const stored = storedOf([...story.slice(0, 3), ['member-m1', 'MemberRenamed', { memberId: 'm1' }]]);
    const file = join(temporaryFolder(), 'views.sqlite');
    const views = await openViews({ file, catalog, projections: [projection], stored });
    await deliver(views, 'loan-list', readBy(loanList, logOf(stored, catalog), catalog));
    assert.equal(staleIn(views), ['l1']);
    await views.close();
  });
});

// -------------------------------------------------------------------------------------
// Rows of several streams
// -------------------------------------------------------------------------------------

const Seen = defineEvent('PlaceSeen', {
  owner: 'tests',
  since: '2026-11-26',
  schemaVersion: 1,
  meaning: 'Somebody saw something at a place, or that nothing is there.',
  fields: { place: field(t.string, 'Where.'), thing: field(t.string, 'What; empty for nothing.') },
});

const catalog = catalogOf([
  aggregate<Command, null, EventOf<typeof Seen>>({
    category: 'watch',
    path: 'watches',
    meaning: 'Somebody who looks.',
    topic: {
      name: 'watches',
      partitions: 4,
      retention: 'forever',
      key: { is: 'the watch', because: 'a test', concurrency: 'Four.', skew: 'None.' },
    },
    events: [Seen],
    commands: [],
    decider: { decide: () => nothingToChange, evolve: (state) => state, initialState: null },
  }),
]);

const view = {
  key: { place: text('Where.') },
  columns: { thing: text('What.'), version: integer('The position of the event.') },
  removals: 'remembered',
} as const;

/** Any stream may say what is at any place: the last word in the store's order counts. */
const lastSeen = defineProjection({
  name: 'last-seen',
  version: 1,
  meaning: 'One row a place where something is.',
  view,
  handles: [Seen],
  project: ({ position: version, data: { place, thing } }) =>
    thing === '' ? [{ key: { place }, version, remove: true }] : [{ key: { place }, version, set: { thing } }],
});

/** The same as a reference, so that removals pass through the join. */
const shelves = defineJoin({
  name: 'shelves',
  version: 1,
  meaning: 'One row a watch: where it looked last, and what is there.',
  view: { key: { watch: text('Who.') }, columns: { place: text('Where.'), thing: nullable(text('What is there.')) } },
  references: { seen: { table: view, on: ['place'], columns: { thing: 'thing' } } },
  handles: [Seen],
  project: ({ stream, position: version, data: { place, thing } }) => [
    { key: { watch: stream }, set: { place } },
    thing === ''
      ? { in: 'seen', key: { place }, version, remove: true }
      : { in: 'seen', key: { place }, version, set: { thing } },
  ],
});

const sightings: fc.Arbitrary<ReadonlyArray<StoredEvent>> = fc
  .tuple(
    fc.tuple(
      ...['watch-a', 'watch-b', 'watch-c', 'watch-d', 'watch-e'].map((stream) =>
        fc
          .array(fc.tuple(fc.constantFrom('p1', 'p2'), fc.constantFrom('cup', 'hat', '', '')), { maxLength: 6 })
          .map((seen) => seen.map(([place, thing]): Told => [stream, 'PlaceSeen', { place, thing }])),
      ),
    ),
    fc.infiniteStream(fc.nat()),
  )
  .map(([streams, choices]) => storedOf(shuffled(streams, (below) => Number(choices.next().value) % below)));

const expectedPlaces = (
  events: ReadonlyArray<StoredEvent>,
): ReadonlyMap<string, { thing: string; version: number }> => {
  const places = new Map<string, { thing: string; version: number }>();
  for (const { position: version, payload } of events) {
    const { place, thing } = JSON.parse(payload) as { place: string; thing: string };
    if (thing === '') places.delete(place);
    else places.set(place, { thing, version });
  }
  return places;
};

const expected = {
  'last-seen': (events: ReadonlyArray<StoredEvent>) =>
    [...expectedPlaces(events)]
      .sort(([left], [right]) => (left < right ? -1 : 1))
      .map(([place, rest]) => ({ place, ...rest })),
  shelves: (events: ReadonlyArray<StoredEvent>) => {
    const places = expectedPlaces(events);
    const last = new Map(
      events.map(({ stream, payload }) => [stream, (JSON.parse(payload) as { place: string }).place]),
    );
    return [...last]
      .sort(([left], [right]) => (left < right ? -1 : 1))
      .map(([watch, place]) => ({ watch, place, thing: places.get(place)?.thing ?? null }));
  },
};

spec('a removal that is remembered', ({ test }) => {
  for (const projection of [lastSeen, shelves]) {
    test(`${projection.name}: yields the same rows and tombstones, whichever stream is heard first`, async () => {
      await fc.assert(
        fc.asyncProperty(sightings, fc.nat(), async (events, seed) => {
          const random = seededRandom(seed);
          const views = await openViews({ catalog, projections: [projection], stored: events });
          for (const batch of deliveries(logOf(events, catalog), (below) => Math.floor(random() * below)))
            await deliver(views, projection.name, batch);
          const all = allRowsOf(views.database, projection);
          assert.equal(
            rowsOf(views.database, projection.name),
            expected[projection.name as keyof typeof expected](events),
          );
          await views.close();
          const other = await openViews({ catalog, projections: [projection], stored: events });
          const page = { projection: projection.name, afterPosition: 0, untilPosition: events.length };
          await other.operations.applyFromStore(page);
          assert.equal(all, allRowsOf(other.database, projection));
          await other.close();
        }),
        { seed: SEED, numRuns: 60 },
      );
    });
  }

  const declared = { name: 'places', version: 1, meaning: 'Places.', handles: [Seen] } as const;
  const wrong: ReadonlyArray<readonly [what: string, projection: () => Projection, message: RegExp]> = [
    [
      'without a version',
      () => defineProjection({ ...declared, view, project: () => [{ key: { place: 'p1' }, remove: true }] }),
      /remembered needs a version/,
    ],
    [
      'in a table that does not remember it',
      () =>
        defineProjection({
          ...declared,
          view: { key: view.key, columns: view.columns },
          project: () => [{ key: { place: 'p1' }, version: 1, remove: true }],
        }),
      /a removal with a version needs a table whose removals are remembered/,
    ],
    [
      'of a reference that does not exist',
      () => ({ ...lastSeen, name: 'places', project: () => [{ in: 'nowhere', key: { place: 'p1' } }] }),
      /has no reference 'nowhere'/,
    ],
  ];
  for (const [what, projection, message] of wrong) {
    test(`${what} is a defect of the handler, and dead-letters the event`, async () => {
      const stored = storedOf([['watch-a', 'PlaceSeen', { place: 'p1', thing: '' }]]);
      const views = await openViews({ catalog, projections: [projection()], stored });
      await views.operations.applyFromStore({ projection: 'places', afterPosition: 0, untilPosition: 1 });
      const reasons = views.database.prepare<[], string>('SELECT reason FROM dead_letters').pluck().all();
      assert.is(reasons.length, 1);
      assert.match(reasons[0] ?? '', message);
      await views.close();
    });
  }
});

spec('an event that changes several rows', ({ test }) => {
  test('changes all of them or none, and a row that it changes twice keeps the last change', async () => {
    const several = defineProjection({
      name: 'several',
      version: 1,
      meaning: 'Places.',
      view: { key: view.key, columns: { thing: text('What.'), seen: integer('How often.') } },
      handles: [Seen],
      project: ({ data: { place, thing } }) => {
        if (thing === 'nothing') return rejected('nothing is no thing');
        const key = { place };
        return [
          { key, set: { thing: 'first' }, add: { seen: 1 } },
          { key: { place: 'elsewhere' }, add: { seen: 1 } },
          { key, remove: true },
          { key, set: { thing }, add: { seen: thing === 'much' ? 0.5 : 1 } },
        ];
      },
    });
    const seen = (stream: string, place: string, thing: string): Told => [stream, 'PlaceSeen', { place, thing }];
    const stored = storedOf([
      seen('watch-a', 'p1', 'cup'),
      seen('watch-b', 'p2', 'much'),
      seen('watch-c', 'p3', 'nothing'),
      seen('watch-d', 'p1', 'hat'),
    ]);
    for (const size of [1, 4]) {
      const views = await openViews({ catalog, projections: [several], stored });
      for (let position = 0; position < 4; position += size) {
        const page = { projection: 'several', afterPosition: position, untilPosition: position + size };
        await views.operations.applyFromStore(page);
      }
      assert.equal(rowsOf(views.database, 'several'), [
        { place: 'elsewhere', thing: '', seen: 2 },
        { place: 'p1', thing: 'hat', seen: 1 },
      ]);
      await views.close();
    }
  });
});

spec('a declaration of a reference', ({ test }) => {
  const good = {
    table: { key: { place: text('Where.') }, columns: { thing: text('What.') } },
    on: ['place'],
    columns: { thing: 'thing' },
  };
  const faults: ReadonlyArray<readonly [what: string, reference: object, message: RegExp]> = [
    [
      'names no column of the view',
      { ...good, on: ['where'] },
      /'on' names the column 'where', which the view does not/,
    ],
    ['names too few', { ...good, on: [] }, /'on' has to name one column .*\(place\)/],
    ['is found by a column that it fills', { ...good, on: ['thing'] }, /'thing', which a reference fills/],
    ['compares two types', { ...good, on: ['count'] }, /'count' with a key of the type text/],
    ['shows nothing', { ...good, columns: {} }, /'columns' is empty/],
    ['fills what is not there', { ...good, columns: { colour: 'thing' } }, /'colour', which the view does not have/],
    ['shows what it does not have', { ...good, columns: { thing: 'colour' } }, /'colour', which it does not have/],
    ['fills another type', { ...good, columns: { count: 'thing' } }, /different types/],
    ['fills a column that is never null', { ...good, columns: { never: 'thing' } }, /'never' has to be nullable/],
  ];
  const declare = (references: object): void =>
    void defineJoin({
      name: 'watches',
      version: 1,
      meaning: 'Watches.',
      view: {
        key: { watch: text('Who.') },
        columns: {
          place: text('Where.'),
          thing: nullable(text('What.')),
          count: integer('How many.'),
          never: text('Never null.'),
        },
      },
      references: references as Record<string, typeof good>,
      handles: [Seen],
      project: () => [],
    });

  test('is accepted where it is right', () => declare({ seen: good }));
  for (const [what, reference, message] of faults)
    test(`that ${what} is rejected`, () => assert.throws(() => declare({ seen: reference }), message));
  test('is rejected under the name of another table', () =>
    assert.throws(() => declare({ memory: good }), /that name is taken by another of the projection's tables/));
  test('is rejected where two fill one column', () =>
    assert.throws(() => declare({ seen: good, again: good }), /names the joined column 'thing' twice/));
  test('is rejected where removals are to be remembered without a version', () =>
    assert.throws(
      () => declare({ seen: { ...good, table: { ...good.table, removals: 'remembered' } } }),
      /needs an integer column 'version'/,
    ));
});
