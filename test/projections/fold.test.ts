/** The changes that a projection may make to a row, and their effects, shown with projections of notes. */
import * as t from 'io-ts';
import * as assert from 'uvu/assert';
import { aggregate, catalogOf } from '../../domain/kernel/aggregate';
import { nothingToChange } from '../../domain/kernel/decider';
import { field } from '../../domain/kernel/codec';
import type { Command } from '../../domain/kernel/command-definition';
import { defineEvent, type EventOf } from '../../domain/kernel/event-definition';
import { defineProjection, defineRollup, integer, json, nullable, text } from '../../projections/projection';
import type { Projection } from '../../projections/projection';
import { spec } from '../spec';
import { allRowsOf, openViews, rowsOf, storedOf } from './views-fixture';

const NoteTaken = defineEvent('NoteTaken', {
  owner: 'tests',
  since: '2026-01-01',
  schemaVersion: 1,
  meaning: 'A note was taken.',
  fields: {
    page: field(t.string, 'The page that it stands on.'),
    amount: field(t.number, 'A number on it.'),
    version: field(t.number, 'The version that it claims.'),
  },
});

const catalog = catalogOf([
  aggregate<Command, null, EventOf<typeof NoteTaken>>({
    category: 'note',
    path: 'notes',
    meaning: 'Notes.',
    topic: {
      name: 'notes',
      partitions: 1,
      retention: 'forever',
      key: { is: 'the note', because: 'a test', concurrency: 'x', skew: 'x' },
    },
    events: [NoteTaken],
    commands: [],
    decider: { decide: () => nothingToChange, evolve: (state) => state, initialState: null },
  }),
]);

type Note = readonly [page: string, amount: number, version?: number];

/** The rows that notes yield, delivered in pages of the given sizes; all in one page where none is given. */
const rowsAfter = async (
  projection: Projection,
  notes: ReadonlyArray<Note>,
  { pages = [notes.length], withMemory = false }: { pages?: ReadonlyArray<number>; withMemory?: boolean } = {},
): Promise<ReadonlyArray<unknown>> => {
  const stored = storedOf(
    notes.map(([page, amount, version = 1]) => ['note-1', 'NoteTaken', { page, amount, version }]),
  );
  const views = await openViews({ catalog, projections: [projection], stored });
  try {
    let afterPosition = 0;
    for (const size of pages) {
      const untilPosition = afterPosition + size;
      await views.operations.applyFromStore({ projection: projection.name, afterPosition, untilPosition });
      afterPosition = untilPosition;
    }
    return withMemory ? allRowsOf(views.database, projection) : rowsOf(views.database, projection.name);
  } finally {
    await views.close();
  }
};

/** The dead letters: position, class and reason. */
const lettersAfter = async (
  projection: Projection,
  notes: ReadonlyArray<Note>,
  pages: ReadonlyArray<number>,
): Promise<ReadonlyArray<ReadonlyArray<unknown>>> => {
  const stored = storedOf(
    notes.map(([page, amount, version = 1]) => ['note-1', 'NoteTaken', { page, amount, version }]),
  );
  const views = await openViews({ catalog, projections: [projection], stored });
  let afterPosition = 0;
  for (const size of pages) {
    const untilPosition = afterPosition + size;
    await views.operations.applyFromStore({ projection: projection.name, afterPosition, untilPosition });
    afterPosition = untilPosition;
  }
  const letters = views.database.prepare<[], unknown[]>('SELECT position, class, reason FROM dead_letters').raw().all();
  await views.close();
  return letters;
};

const notesByPage = defineProjection({
  name: 'notes-by-page',
  version: 1,
  meaning: 'One row per page.',
  view: {
    key: { page: text('The page.') },
    columns: {
      last: nullable(integer('The last amount.')),
      highest: integer('The highest amount.'),
      sum: integer('All amounts.'),
      all: json('The last note.'),
      version: integer('The version.'),
    },
  },
  handles: [NoteTaken],
  project: ({ data: { page, amount, version } }) => [
    { key: { page }, version, set: { last: amount, all: { amount } }, max: { highest: amount }, add: { sum: amount } },
  ],
});

const row = (page: string, last: number, highest: number, sum: number, version: number) => ({
  page,
  last,
  highest,
  sum,
  all: JSON.stringify({ amount: last }),
  version,
});

spec('an upsert', ({ test }) => {
  test('sets, adds, and keeps the greater one', async () => {
    const notes: ReadonlyArray<Note> = [
      ['p1', 5, 1],
      ['p1', 9, 2],
      ['p2', 1, 1],
      ['p1', 7, 3],
    ];
    assert.equal(await rowsAfter(notesByPage, notes), [row('p1', 7, 9, 21, 3), row('p2', 1, 1, 1, 1)]);
    assert.equal(await rowsAfter(notesByPage, notes, { pages: [1, 1, 1, 1] }), await rowsAfter(notesByPage, notes));
  });

  test('is skipped as a whole where the row has its version, or a higher one', async () => {
    const notes: ReadonlyArray<Note> = [
      ['p1', 5, 2],
      ['p1', 9, 2],
      ['p1', 9, 1],
    ];
    for (const pages of [[3], [1, 1, 1]]) {
      assert.equal(await rowsAfter(notesByPage, notes, { pages }), [row('p1', 5, 5, 5, 2)]);
    }
  });

  test('that takes a sum beyond the safe integers dead-letters its event, and names column and row', async () => {
    const most = Number.MAX_SAFE_INTEGER;
    for (const [first, second] of [
      [most, 1],
      [-most, -1],
      [most, most],
    ] as const) {
      const notes: ReadonlyArray<Note> = [
        ['p0', 5, 1],
        ['p1', first, 1],
        ['p1', second, 2],
      ];
      const before = [row('p0', 5, 5, 5, 1), { ...row('p1', first, Math.max(0, first), first, 1) }];
      for (const pages of [[3], [1, 1, 1]]) {
        assert.equal(await rowsAfter(notesByPage, notes, { pages }), before);
        assert.equal(await lettersAfter(notesByPage, notes, pages), [
          [
            3,
            'rejected',
            `sum of the row 'p1' would become ${first + second}, beyond the safe integers (${most} at most)`,
          ],
        ]);
      }
    }
  });

  test('that sets, adds or keeps what is not a safe integer dead-letters its event', async () => {
    for (const amount of [0.5, 2 ** 53, Number.MAX_VALUE]) {
      for (const change of [
        { set: { last: amount } },
        { add: { sum: amount } },
        { max: { highest: amount } },
      ] as const) {
        const changing: Projection = { ...notesByPage, project: () => [{ key: { page: 'p1' }, ...change }] };
        assert.equal(await rowsAfter(changing, [['p1', 1]]), []);
        const [[, failureClass, reason] = []] = await lettersAfter(changing, [['p1', 1]], [1]);
        assert.is(failureClass, 'rejected');
        assert.match(String(reason), /of the row 'p1' would/);
      }
    }
  });

  test('of a column that does not exist is a defect, and what came before it in the batch stays', async () => {
    const broken: Projection = {
      ...notesByPage,
      project: (event) =>
        event.version === 1
          ? notesByPage.project(event)
          : [
              { key: { page: 'p1' }, add: { sum: 7 } },
              { key: { page: 'p1' }, set: { colour: 'red' } },
            ],
    };
    const notes: ReadonlyArray<Note> = [
      ['p1', 1],
      ['p1', 2],
    ];
    assert.equal(await rowsAfter(broken, notes), await rowsAfter(notesByPage, notes.slice(0, 1)));
  });
});

spec('a rollup', ({ test }) => {
  const sums = defineRollup({
    name: 'sums',
    version: 1,
    meaning: 'One row per last page.',
    view: {
      key: { page: text('The page.'), parity: integer('1 where the amount is odd.') },
      columns: { notes: integer('How many notes.'), amount: integer('What they come to.') },
    },
    memory: {
      key: { note: text('The note.') },
      columns: { page: text('Where it stands now.'), amount: integer('Its amount now.') },
    },
    handles: [NoteTaken],
    project: ({ data: { page, amount, version } }) => [{ key: { note: String(version) }, set: { page, amount } }],
    contribution: ({ page, amount }) =>
      amount === 0 ? undefined : { key: { page, parity: amount % 2 }, add: { notes: 1, amount } },
  });
  const notes: ReadonlyArray<Note> = [
    ['p1', 5, 1],
    ['p1', 3, 2],
    ['p2', 4, 1],
    ['p2', 8, 3],
    ['p1', 0, 2],
  ];

  test('moves the contribution of a detail row, and removes a row without contributions', async () => {
    const expected = [{ page: 'p2', parity: 0, notes: 2, amount: 12 }];
    for (const pages of [[5], [1, 1, 1, 1, 1], [2, 3], [3, 2]]) {
      assert.equal(await rowsAfter(sums, notes, { pages }), expected);
    }
  });

  test('stores detail rows that are not served', async () => {
    assert.equal(await rowsAfter(sums, notes.slice(0, 2), { withMemory: true }), [
      { page: 'p1', parity: 1, notes: 2, amount: 8 },
      { note: '1', page: 'p1', amount: 5 },
      { note: '2', page: 'p1', amount: 3 },
    ]);
  });

  test('whose sum would leave the safe integers dead-letters the event that causes it', async () => {
    const most = Number.MAX_SAFE_INTEGER;
    const notes: ReadonlyArray<Note> = [
      ['p1', most, 1],
      ['p1', 1, 2],
      ['p2', 4, 3],
    ];
    for (const pages of [[3], [1, 1, 1]]) {
      // All of them are in one stream: what comes after the event is parked behind it.
      assert.equal(await rowsAfter(sums, notes, { pages }), [{ page: 'p1', parity: 1, notes: 1, amount: most }]);
    }
    const [[position, failureClass, reason] = []] = await lettersAfter(sums, notes, [3]);
    assert.equal([position, failureClass], [2, 'rejected']);
    assert.match(String(reason), /^amount of the row 'p1:1' would become 9007199254740992,/);
  });

  test('equals the sum over all detail rows', async () => {
    const many: ReadonlyArray<Note> = Array.from({ length: 200 }, (_, index) => [
      `p${(index * 7) % 3}`,
      (index * 13) % 5,
      (index * 11) % 17,
    ]);
    const latest = new Map(many.map(([page, amount, note]) => [note, { page, amount }]));
    const expected = new Map<string, { page: string; parity: number; notes: number; amount: number }>();
    for (const { page, amount } of latest.values()) {
      if (amount === 0) continue;
      const key = `${page}:${amount % 2}`;
      const found = expected.get(key) ?? { page, parity: amount % 2, notes: 0, amount: 0 };
      expected.set(key, { ...found, notes: found.notes + 1, amount: found.amount + amount });
    }
    const sorted = [...expected].sort(([left], [right]) => (left < right ? -1 : 1)).map(([, each]) => each);
    for (const size of [1, 7, 200]) {
      const pages = Array.from({ length: Math.ceil(200 / size) }, () => size);
      assert.equal(await rowsAfter(sums, many, { pages }), sorted);
    }
  });
});

spec('a declaration', ({ test }) => {
  test('is rejected where a name cannot be a table or a column', () => {
    const declare = (name: string, column: string): void =>
      void defineProjection({
        name,
        version: 1,
        meaning: 'One row per page.',
        view: { key: { page: text('The page.') }, columns: { [column]: integer('A number.') } },
        handles: [NoteTaken],
        project: () => [],
      });
    assert.throws(() => declare('Notes By Page', 'sum'), /kebab-case/);
    assert.throws(() => declare('notes', 'a"b'), /camelCase/);
    assert.throws(() => declare('notes', 'page'), /each name once/);
    declare('notes', 'sum');
  });
});
