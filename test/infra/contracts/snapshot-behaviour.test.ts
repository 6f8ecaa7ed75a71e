/** Snapshots are marked by what the fold does, not by how it is written; and the gate holds the declared version to it. */
import { readPastForms } from '../../../infra/contracts/past-forms';
import * as assert from 'uvu/assert';
import { checkContracts } from '../../../infra/contracts/contract-check';
import { lockOf, type ContractLock } from '../../../infra/contracts/contract-lock';
import { foldBehaviourOf, snapshotMarkOf } from '../../../infra/commands/fold-behaviour';
import { snapshotFindings } from '../../../infra/contracts/snapshot-check';
import { aggregate, catalogOf, type Aggregate, type AggregateDefinition } from '../../../domain/kernel/aggregate';
import { field } from '../../../domain/kernel/codec';
import { defineCommand, type CommandOf } from '../../../domain/kernel/command-definition';
import { accept, refuse } from '../../../domain/kernel/decider';
import { defineEvent, earlierVersion, type EventOf } from '../../../domain/kernel/event-definition';
import { Identifier, Quantity } from '../../../domain/kernel/values';
import { stockAggregate } from '../../../domain/stock/stock';
import { application } from '../../../projections/fulfilment/application';
import { spec } from '../../spec';

const { catalog } = application;

const fields = { by: field(Quantity, 'How many.'), from: field(Identifier, 'Who counted.') };
const earlierFields = { by: fields.by };

const countedWith = (upcastBy: (by: number) => number) =>
  defineEvent('Counted', {
    schemaVersion: 2,
    meaning: 'Something was counted.',
    fields,
    earlier: [
      earlierVersion({
        type: 'Counted',
        schemaVersion: 1,
        since: '2020-01-01',
        deprecated: '2020-01-02',
        sunset: '2020-01-03',
        meaning: 'Something was counted.',
        fields: earlierFields,
        next: fields,
        upcast: ({ by }) => ({ by: upcastBy(by), from: 'nobody' }),
      }),
    ],
  });
const Counted = countedWith((by) => by);
const Reset = defineEvent('CountReset', { schemaVersion: 1, meaning: 'Counting began anew.', fields: {} });
const count = defineCommand('count', { meaning: 'Counts.', fields, example: { by: 1, from: 'ann' } });

type Event = EventOf<typeof Counted> | EventOf<typeof Reset>;
interface State {
  readonly total: number;
  readonly by: ReadonlyMap<string, number>;
  /** Of use to a decision only. */
  readonly last: string;
}
type Definition = AggregateDefinition<CommandOf<typeof count>, State, Event>;

/** What `evolve` calls. */
const added = (total: number, by: number): number => total + by;

const definition: Definition & { readonly snapshot: NonNullable<Definition['snapshot']> } = {
  category: 'count',
  path: 'counts',
  meaning: 'A count.',
  topic: { name: 'counts', partitions: 1, retention: 'forever', key: { is: 'the id', because: 'a test' } },
  events: [Counted, Reset],
  commands: [count],
  decider: {
    initialState: { total: 0, by: new Map(), last: '' },
    evolve: (state, event) => evolveWith(state, event, added),
    decide: ({ data }, { last }) =>
      last === data.from ? refuse('CountedTwice', 'Somebody else counts now.') : accept(Counted.of(data)),
  },
  snapshot: {
    version: 1,
    encode: ({ total, by, last }) => ({ total, by: [...by], last }),
    decode: (json) => {
      const { total, by, last } = json as { total: number; by: ReadonlyArray<readonly [string, number]>; last: string };
      return { total, by: new Map(by), last };
    },
  },
};

const evolveWith = (state: State, event: Event, sum: typeof added): State => {
  if (event.type === 'CountReset') return { total: 0, by: new Map(), last: state.last };
  const { by, from } = event.data;
  const counts = new Map(state.by).set(from, sum(state.by.get(from) ?? 0, by));
  return { total: sum(state.total, by), by: counts, last: from };
};

const counting = (changes: Partial<typeof definition> = {}): Aggregate => aggregate({ ...definition, ...changes });
const { decider, snapshot } = definition;

spec('the mark of snapshots', ({ test }) => {
  test('is the same for code that is written otherwise, at every start', () => {
    const written = counting({
      decider: {
        ...decider,
        // Other names, a comment, another helper with the same sums.
        evolve: (before, happened) => evolveWith(before, happened, (sum, more) => more + sum),
        decide: () => refuse('Closed', 'Another rule, the same states.'),
      },
      snapshot: { ...snapshot, encode: (state) => snapshot.encode({ ...state }) },
    });
    assert.is(snapshotMarkOf(written), snapshotMarkOf(counting()));
    assert.match(snapshotMarkOf(counting()) ?? '', /^1\/[0-9a-f]{16}$/);
    assert.is(snapshotMarkOf(aggregate({ ...definition, snapshot: undefined } as never)), undefined);
  });

  const changes: ReadonlyArray<readonly [string, Partial<typeof definition>]> = [
    [
      'a helper of `evolve` sums otherwise',
      {
        decider: {
          ...decider,
          evolve: (state, event) => evolveWith(state, event, (sum, by) => sum + Math.min(by, 100)),
        },
      },
    ],
    [
      'an event is passed over',
      {
        decider: {
          ...decider,
          evolve: (state, event) => (event.type === 'CountReset' ? state : decider.evolve(state, event)),
        },
      },
    ],
    [
      'a repeat counts otherwise',
      {
        decider: {
          ...decider,
          evolve: (state, event) =>
            event.type === 'Counted' && state.last === event.data.from ? state : decider.evolve(state, event),
        },
      },
    ],
    ['the initial state is another', { decider: { ...decider, initialState: { ...decider.initialState, total: 1 } } }],
    ['an upcast makes another payload', { events: [countedWith((by) => Math.max(1, by - 1)), Reset] }],
    ['less is kept', { snapshot: { ...snapshot, encode: ({ total, by }) => ({ total, by: [...by], last: '' }) } }],
    [
      'the order of a map is another',
      { snapshot: { ...snapshot, encode: ({ total, by, last }) => ({ total, by: [...by].reverse(), last }) } },
    ],
    [
      'a snapshot is read otherwise',
      { snapshot: { ...snapshot, decode: (json) => ({ ...snapshot.decode(json), total: 0 }) } },
    ],
    [
      'what only decisions use is read otherwise',
      {
        snapshot: {
          ...snapshot,
          encode: ({ total, by }) => ({ total, by: [...by] }),
          decode: (json) => ({ ...snapshot.decode(json), last: 'a' }),
        },
      },
    ],
    [
      '`evolve` throws',
      {
        decider: {
          ...decider,
          evolve: () => {
            throw new Error('no');
          },
        },
      },
    ],
    ['the declared version is another', { snapshot: { ...snapshot, version: 2 } }],
  ];
  for (const [title, change] of changes) {
    test(`is another where ${title}`, () => {
      assert.is.not(snapshotMarkOf(counting(change)), snapshotMarkOf(counting()));
    });
  }

  test('is worked out in a moment', () => {
    const { decide, evolve, initialState } = decider;
    const startMs = performance.now();
    foldBehaviourOf(counting({ decider: { decide, evolve, initialState } }));
    assert.ok(performance.now() - startMs < 5_000);
  });
});

spec('the contract gate', ({ test }) => {
  const lock = lockOf(catalogOf([counting()]));
  const check = (of: Aggregate, against: ContractLock = lock) => snapshotFindings([of], against.snapshots);
  const changed = { ...decider, evolve: (state: State, event: Event) => evolveWith(state, event, (sum) => sum + 1) };

  test('has nothing to say of the same behaviour', () => {
    assert.equal(check(counting()), []);
    assert.equal(check(counting({ decider: { ...decider } })), []);
  });

  test('refuses another behaviour under the same version, with a sentence that says what to do', () => {
    const [finding, ...others] = check(counting({ decider: changed }));
    assert.equal(others, []);
    assert.is(finding?.acceptable, false);
    assert.is(finding?.subject, 'count snapshot version 1');
    assert.match(
      finding?.remedy ?? '',
      /make it snapshot version 2: an older release would decide on what this one has kept/,
    );
  });

  test('takes it under a new version, and keeps the old one from being used for something else', () => {
    const second = counting({ decider: changed, snapshot: { ...snapshot, version: 2 } });
    assert.equal(
      check(second).map(({ acceptable }) => acceptable),
      [true],
    );
    const accepted = lockOf(catalogOf([second]), lock);
    assert.equal(Object.keys(accepted.snapshots?.['count'] ?? {}), ['1', '2']);
    assert.equal(check(second, accepted), []);
    assert.equal(check(counting(), accepted), []);
    const [finding] = check(counting({ decider: changed }), accepted);
    assert.is(finding?.acceptable, false);
    assert.match(finding?.remedy ?? '', /make it snapshot version 3/);
  });

  test('lets a change of the contracts mark snapshots anew', () => {
    const Paused = defineEvent('CountPaused', { schemaVersion: 1, meaning: 'Counting was paused.', fields: {} });
    const grown = counting({ events: [Counted, Reset, Paused as unknown as typeof Reset] });
    assert.equal(
      check(grown).map(({ acceptable }) => acceptable),
      [true],
    );
  });

  test('asks for what a lock of an older program does not hold', () => {
    const { topics, events } = lockOf(catalog);
    const findings = checkContracts({
      catalog,
      lock: { topics, events },
      fixtures: [],
      readers: [],
      pastForms: readPastForms(),
    });
    const own = findings.filter(({ subject }) => subject.includes('snapshot'));
    assert.equal(
      own.map(({ subject, acceptable }) => [subject, acceptable]),
      [[`stock snapshot version ${foldBehaviourOf(stockAggregate)?.version ?? 0}`, true]],
    );
  });
});
