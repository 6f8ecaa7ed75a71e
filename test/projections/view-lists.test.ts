/** Lists of a view: every filter, order and choice of columns, page by page, against plain code over all rows. */
import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { createIndexes, openGeneration } from '../../projections/engine/tables/tables';
import { openViewReader } from '../../projections/engine/query/view-database-reader';
import { boolean, defineProjection, integer, json, nullable, text } from '../../projections/projection';
import { application } from '../../projections/fulfilment/application';
import { OrderPlaced } from '../../domain/order/events';
import { apiFixture } from '../api/api-fixture';
import { SEED } from '../domain/arbitraries';
import { spec } from '../spec';
import { openViews, temporaryFolder } from './views-fixture';

const { catalog } = application;

const things = defineProjection({
  name: 'things',
  version: 1,
  meaning: 'One row a thing.',
  view: {
    key: { place: text('Where.'), number: integer('Which.') },
    columns: {
      colour: nullable(text('Its colour.')),
      weight: nullable(integer('Its weight.')),
      whole: boolean('Whether it is whole.'),
      detail: json('The rest.'),
    },
    indexes: [['colour', 'weight'], ['weight'], ['whole', 'colour'], ['detail']],
  },
  handles: [OrderPlaced],
  project: () => [],
});

interface Thing {
  readonly place: string;
  readonly number: number;
  readonly colour: string | null;
  readonly weight: number | null;
  readonly whole: boolean;
}

const COLOURS = ['blue', 'red', 'red,green', 'a\\b', '', 'ÿ', '😀', 'ﬀ'];

const thing: fc.Arbitrary<Thing> = fc.record({
  place: fc.constantFrom('a', 'b', 'a:b'),
  number: fc.integer({ min: -3, max: 12 }),
  colour: fc.constantFrom(null, ...COLOURS),
  weight: fc.constantFrom(null, -1, 0, 7, 12),
  whole: fc.boolean(),
});

/** A filter as it is written, and what it means. */
type Filter = readonly [name: string, value: string, matches: (thing: Thing) => boolean];

const escaped = (value: string): string => value.replace(/[\\,]/g, '\\$&');

const orders = {
  gt: (order: number) => order > 0,
  gte: (order: number) => order >= 0,
  lt: (order: number) => order < 0,
  lte: (order: number) => order <= 0,
};
const rangeOf = fc.constantFrom('gt', 'gte', 'lt', 'lte');

const filter: fc.Arbitrary<Filter> = fc.oneof(
  fc.constantFrom(...COLOURS).map((value): Filter => ['colour', value, ({ colour }) => colour === value]),
  fc.boolean().map((value): Filter => ['whole', String(value), ({ whole }) => whole === value]),
  fc.constantFrom(0, 7).map((value): Filter => ['weight', String(value), ({ weight }) => weight === value]),
  fc.boolean().map((value): Filter => ['colour.null', String(value), ({ colour }) => (colour === null) === value]),
  fc
    .array(fc.constantFrom(...COLOURS), { minLength: 1, maxLength: 3 })
    .map((values): Filter => [
      'colour.in',
      values.map(escaped).join(','),
      ({ colour }) => colour !== null && values.includes(colour),
    ]),
  fc
    .array(fc.constantFrom<number>(-1, 7, 99), { minLength: 1, maxLength: 3 })
    .map((values): Filter => [
      'weight.in',
      values.join(','),
      ({ weight }) => weight !== null && values.includes(weight),
    ]),
  fc
    .tuple(rangeOf, fc.constantFrom(-1, 0, 7))
    .map(([range, value]): Filter => [
      `weight.${range}`,
      String(value),
      ({ weight }) => weight !== null && orders[range](weight - value),
    ]),
  fc
    .tuple(rangeOf, fc.constantFrom(...COLOURS))
    .map(([range, value]): Filter => [
      `colour.${range}`,
      value,
      ({ colour }) => colour !== null && orders[range](compare(colour, value)),
    ]),
);

type Value = string | number | boolean | null;

/** As SQLite sorts: null first, texts by their bytes. */
const compare = (left: Value, right: Value): number => {
  if (left === null || right === null) return Number(left !== null) - Number(right !== null);
  if (typeof left === 'string') return Buffer.compare(Buffer.from(left), Buffer.from(String(right)));
  return Number(left) - Number(right);
};

/** Orders that need no filter. */
const SORTS = [
  undefined,
  'place',
  '-place',
  'place,number',
  '-place,-number',
  'colour',
  '-colour',
  'colour,weight',
  '-colour,-weight',
  'weight',
  '-weight',
  'whole,colour',
  '-whole,-colour',
] as const;

const sortedBy = (rows: ReadonlyArray<Thing>, sort: string | undefined): ReadonlyArray<Thing> => {
  const names = (sort ?? '').split(',').map((name) => name.replace('-', '')) as ReadonlyArray<keyof Thing>;
  const columns = [...(sort === undefined ? [] : names), 'place', 'number'] as ReadonlyArray<keyof Thing>;
  const direction = sort?.startsWith('-') === true ? -1 : 1;
  return [...rows].sort((left, right) => {
    const order = columns.map((name) => compare(left[name], right[name])).find((each) => each !== 0);
    return direction * (order ?? 0);
  });
};

const cellsOf = ({ place, number, colour, weight, whole }: Thing) => [
  place,
  number,
  colour,
  weight,
  whole ? 1 : 0,
  'null',
];

const opened = async (rows: ReadonlyArray<Thing>) => {
  const file = `${temporaryFolder()}/views.sqlite`;
  const views = await openViews({ file, projections: [things] });
  const { view } = openGeneration(views.database, things, 1);
  createIndexes(views.database, things, 1);
  const fill = (all: ReadonlyArray<Thing>): void => {
    views.database.exec('DELETE FROM "things#1"');
    views.database.transaction(() => {
      for (const each of all) view.write(cellsOf(each));
    })();
  };
  fill(rows);
  const reader = openViewReader(file, [things], catalog);
  const { get, app } = apiFixture({ views: reader });
  return {
    get,
    fill,
    views,
    reader,
    close: async () => {
      await app.close();
      reader.close();
      await views.close();
    },
  };
};

type Get = Awaited<ReturnType<typeof opened>>['get'];

/** Every row of a list, page by page. */
const walked = async (get: Get, query: ReadonlyArray<readonly [string, string]>): Promise<ReadonlyArray<unknown>> => {
  const items: unknown[] = [];
  let cursor: string | undefined;
  do {
    const parameters = new URLSearchParams(Object.fromEntries(query));
    if (cursor !== undefined) parameters.set('cursor', cursor);
    const { status, body, text: answer } = await get(`/views/things?${parameters.toString()}`);
    assert.is(status, 200, answer);
    items.push(...(body['items'] as unknown[]));
    cursor = body['nextCursor'] as string | undefined;
  } while (cursor !== undefined);
  return items;
};

const unique = (rows: ReadonlyArray<Thing>): ReadonlyArray<Thing> => [
  ...new Map(rows.map((row) => [`${row.place} ${row.number}`, row])).values(),
];

spec('a list', ({ test, before, after }) => {
  let fixture: Awaited<ReturnType<typeof opened>>;
  before(async () => {
    fixture = await opened([
      { place: 'a', number: 1, colour: 'red', weight: 7, whole: true },
      { place: 'a', number: 2, colour: null, weight: 9, whole: false },
    ]);
  });
  after(() => fixture.close());

  test('is the rows that every filter keeps, in the order of the sort, whatever the size of its pages', async () => {
    const { get, fill, close } = await opened([]);
    await fc.assert(
      fc.asyncProperty(
        fc.array(thing, { maxLength: 25 }).map(unique),
        fc.uniqueArray(filter, { maxLength: 2, selector: ([name]) => name }),
        fc.constantFrom(...SORTS),
        fc.integer({ min: 1, max: 6 }),
        async (rows, filters, sort, limit) => {
          fill(rows);
          const query = filters.map(([name, value]) => [name, value] as const);
          const items = await walked(get, [
            ...query,
            ['limit', String(limit)],
            ['columns', 'number,place'],
            ...(sort === undefined ? [] : [['sort', sort] as const]),
          ]);
          const kept = rows.filter((row) => filters.every(([, , matches]) => matches(row)));
          assert.equal(
            items,
            sortedBy(kept, sort).map(({ place, number }) => ({ place, number })),
          );
        },
      ),
      { seed: SEED, numRuns: 300 },
    );
    await close();
  });

  test('keeps its place when rows come and go between its pages', async () => {
    const rows = [1, 2, 3, 4].map((number) => ({ place: 'a', number, colour: null, weight: number, whole: true }));
    const { get, views, close } = await opened(rows);
    const { view } = openGeneration(views.database, things, 1);
    const first = await get('/views/things?sort=-weight&limit=2&columns=weight');
    assert.equal(first.body['items'], [{ weight: 4 }, { weight: 3 }]);
    view.remove(['a', 3]);
    view.write(['a', 9, null, 9, 1, 'null']);
    const next = await get(
      `/views/things?sort=-weight&limit=2&columns=weight&cursor=${String(first.body['nextCursor'])}`,
    );
    assert.equal(next.body['items'], [{ weight: 2 }, { weight: 1 }]);
    await close();
  });

  test('is sorted by the rest of an index whose first column is filtered to one value', async () => {
    const { get } = fixture;
    assert.is((await get('/views/things?colour=red&sort=weight')).status, 200);
    assert.is((await get('/views/things?colour.null=true&sort=-weight')).status, 200);
    assert.is((await get('/views/things?whole=true&sort=colour')).status, 200);
    assert.is((await get('/views/things?place=a&sort=number')).status, 200);
    assert.is((await get('/views/things?whole.in=true&sort=number')).status, 400);
  });

  test('reads no more than a page of an index', () => {
    const plan = (where: string, order: string): string =>
      fixture.views.database
        .prepare(`EXPLAIN QUERY PLAN SELECT * FROM "things#1" ${where} ORDER BY ${order} LIMIT 3`)
        .all()
        .map((step) => (step as { detail: string }).detail)
        .join('; ');
    for (const [where, order] of [
      ['', 'weight DESC, place DESC, number DESC'],
      ['WHERE colour = 1', 'weight, place, number'],
      ['WHERE weight = 1 AND place = 2 AND number > 3', 'weight, place, number'],
      ['WHERE weight IS NULL AND place < 2', 'weight DESC, place DESC, number DESC'],
    ] as const) {
      assert.not.match(plan(where, order), /TEMP B-TREE/, `${where} ${order}`);
    }
  });

  test('has the chosen columns only, as one row has, and stale rows still say so', async () => {
    const { get } = fixture;
    assert.equal((await get('/views/things?columns=weight,colour&limit=1')).body['items'], [
      { colour: 'red', weight: 7 },
    ]);
    assert.equal((await get('/views/things/a:1?columns=weight')).body, { weight: 7 });
    fixture.views.database.exec(`INSERT INTO stale_rows VALUES ('things', '["a",1]', 'order-o1')`);
    assert.equal((await get('/views/things/a:1?columns=weight')).body, { weight: 7, stale: true });
    fixture.views.database.exec('DELETE FROM stale_rows');
  });

  test('is documented with every parameter that it takes', async () => {
    const { body } = await fixture.get('/openapi.json');
    const paths = body['paths'] as Record<
      string,
      { get: { parameters: ReadonlyArray<{ name: string; schema: object }> } }
    >;
    const parameters = paths['/views/things']?.get.parameters ?? [];
    const names = parameters.map(({ name }) => name);
    for (const name of ['colour.gt', 'colour.null', 'weight.in', 'whole.in', 'number', 'sort', 'columns'])
      assert.ok(names.includes(name), name);
    for (const name of ['whole.gt', 'whole.null', 'detail', 'detail.in', 'detail.null'])
      assert.not(names.includes(name), name);
    const sort = parameters.find(({ name }) => name === 'sort')?.schema as { enum: ReadonlyArray<string> };
    assert.equal(
      new Set(sort.enum),
      new Set(SORTS.flatMap((each) => (each === undefined ? [] : [each])).concat('whole' as never, '-whole' as never)),
    );
  });

  const refused: ReadonlyArray<readonly [query: string, named: RegExp]> = [
    ['size=1', /'size' is not a column .* weight, whole/],
    ['size.gt=1', /'size.gt' is not a column/],
    ['detail=1', /'detail' is not a column that can be filtered by/],
    ['weight.like=1', /'weight.like' .* takes .gt, .gte, .lt, .lte, .in, .null/],
    ['weight.eq=1', /'weight.eq' .* takes .gt/],
    ['weight.gt.gt=1', /'weight.gt.gt' .* takes .gt/],
    ['weight.=1', /'weight.' .* takes .gt/],
    ['whole.gt=true', /'whole.gt' .* takes .in\./],
    ['number.null=true', /'number.null' .* takes .gt, .gte, .lt, .lte, .in\./],
    ['weight.gt=heavy', /'weight.gt' .* a whole number, not 'heavy'/],
    ['weight.in=1,heavy', /'weight.in' .* a whole number, not 'heavy'/],
    ['weight.in=', /'weight.in' .* a whole number, not ''/],
    ['colour.null=maybe', /'colour.null' .* true or false, not 'maybe'/],
    [`colour.in=${','.repeat(100)}`, /'colour.in' .* at most 100 values, not 101/],
    ['sort=size', /'sort' .* 'size'.* place or place,number or colour/],
    ['sort=', /'sort' .* no declared index/],
    ['sort=detail', /'sort' .* no declared index/],
    ['sort=weight,colour', /'sort' .* no declared index has the order 'weight,colour'/],
    ['sort=colour,-weight', /'sort' .* the same direction/],
    ['sort=colour,colour', /'sort' .* twice/],
    ['columns=', /'columns' names '', .* place, number, colour/],
    ['columns=size', /'columns' names 'size'/],
  ];
  for (const [query, named] of refused) {
    test(`refuses ${query.slice(0, 40)}, names the parameter, and says what is allowed`, async () => {
      const { status, body } = await fixture.get(`/views/things?${query}`);
      assert.is(status, 400);
      assert.is(body['type'], '/problems/invalid-parameter');
      assert.match(String(body['detail']), named);
    });
  }

  test('refuses a cursor of a list in another order', async () => {
    const { get } = fixture;
    const cursorFor = async (query: string): Promise<string> =>
      String((await get(`/views/things?limit=1&${query}`)).body['nextCursor']);
    const byWeight = await cursorFor('sort=weight');
    assert.is((await get(`/views/things?sort=weight&cursor=${byWeight}`)).status, 200);
    for (const query of ['', 'sort=-weight&', 'sort=colour&', 'sort=colour,weight&'])
      assert.is((await get(`/views/things?${query}cursor=${byWeight}`)).status, 404, query);
    assert.is((await get(`/views/things?sort=weight&cursor=${await cursorFor('')}`)).status, 404);
  });
});
