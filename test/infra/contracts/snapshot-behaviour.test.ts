/** A snapshot's fingerprint depends on what the fold does, not on how it is written; the contract check compares it with the declared version. */
import { readPastForms } from '../../../infra/contracts/past-forms';
import * as assert from 'uvu/assert';
import { checkContracts } from '../../../infra/contracts/contract-check';
import { lockOf, type ContractLock } from '../../../infra/contracts/contract-lock';
import { foldBehaviourOf, snapshotFingerprintOf } from '../../../infra/commands/fold-behaviour';
import { snapshotFindings } from '../../../infra/contracts/snapshot-check';
import { aggregate, catalogOf, type Aggregate, type AggregateDefinition } from '../../../domain/kernel/aggregate';
import { field } from '../../../domain/kernel/codec';
import { defineCommand, type CommandOf } from '../../../domain/kernel/command-definition';
import { accept, reject } from '../../../domain/kernel/decider';
import { defineEvent, earlierVersion, type EventOf } from '../../../domain/kernel/event-definition';
import { Identifier, Quantity } from '../../../domain/kernel/values';
import { stockAggregate } from '../../../domain/stock/stock';
import { application } from '../../../projections/fulfilment/application';
import { spec } from '../../spec';

const { catalog } = application;

const fields = { by: field(Quantity, 'How many.'), from: field(Identifier, 'Who counted.') };
const earlierFields = { by: fields.by };

const origin = { owner: 'tests', since: '2026-01-01' };
const countedWith = (upcastBy: (by: number) => number) =>
  defineEvent('ContributionListener', {
    ...origin,
    schemaVersion: 2,
    meaning: 'Something was counted.',
    fields,
    earlier: [
      earlierVersion({
        type: 'ContributionListener',
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
const ContributionListener = countedWith((by) => by);
const Reset = defineEvent('CountReset', {
  ...origin,
  schemaVersion: 1,
  meaning: 'Counting was restarted.',
  fields: {},
});
const count = defineCommand('count', { meaning: 'Counts.', fields, example: { by: 1, from: 'ann' } });

type Event = EventOf<typeof ContributionListener> | EventOf<typeof Reset>;
interface State {
  readonly total: number;
  readonly by: ReadonlyMap<string, number>;
  /** Used only by decisions. */
  readonly last: string;
}
type Definition = AggregateDefinition<CommandOf<typeof count>, State, Event>;

/** What `evolve` calls. */
const added = (total: number, by: number): number => total + by;

const definition: Definition & { readonly snapshot: NonNullable<Definition['snapshot']> } = {
  category: 'count',
  path: 'counts',
  meaning: 'A count.',
  topic: {
    name: 'counts',
    partitions: 1,
    retention: 'forever',
    key: { is: 'the id', because: 'a test', concurrency: 'x', skew: 'x' },
  },
  events: [ContributionListener, Reset],
  commands: [count],
  decider: {
    initialState: { total: 0, by: new Map(), last: '' },
    evolve: (state, event) => evolveWith(state, event, added),
    decide: ({ data }, { last }) =>
      last === data.from ? reject('CountedTwice', 'Somebody else counts now.') : accept(ContributionListener.of(data)),
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

spec('the fingerprint of snapshots', ({ test }) => {
  test('is the same for equivalent code, at every start', () => {
    const written = counting({
      decider: {
        ...decider,
        // Other names, a comment, another helper with the same sums.
        evolve: (before, happened) => evolveWith(before, happened, (sum, more) => more + sum),
        decide: () => reject('Closed', 'Another rule, the same states.'),
      },
      snapshot: { ...snapshot, encode: (state) => snapshot.encode({ ...state }) },
    });
    assert.is(snapshotFingerprintOf(written), snapshotFingerprintOf(counting()));
    assert.match(snapshotFingerprintOf(counting()) ?? '', /^1\/[0-9a-f]{16}$/);
    assert.is(snapshotFingerprintOf(aggregate({ ...definition, snapshot: undefined } as never)), undefined);
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
            event.type === 'ContributionListener' && state.last === event.data.from
              ? state
              : decider.evolve(state, event),
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
      'a snapshot is decoded differently',
      { snapshot: { ...snapshot, decode: (json) => ({ ...snapshot.decode(json), total: 0 }) } },
    ],
    [
      'a field that only decisions use is decoded differently',
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
    test(`is different where ${title}`, () => {
      assert.is.not(snapshotFingerprintOf(counting(change)), snapshotFingerprintOf(counting()));
    });
  }

  test('is computed quickly', () => {
    const { decide, evolve, initialState } = decider;
    const startMs = performance.now();
    foldBehaviourOf(counting({ decider: { decide, evolve, initialState } }));
    assert.ok(performance.now() - startMs < 5_000);
  });
});

spec('the contract check of snapshots', ({ test }) => {
  const lock = lockOf(catalogOf([counting()]));
  const check = (of: Aggregate, against: ContractLock = lock) => snapshotFindings([of], against.snapshots);
  const changed = { ...decider, evolve: (state: State, event: Event) => evolveWith(state, event, (sum) => sum + 1) };

  test('has no findings for the same behaviour', () => {
    assert.equal(check(counting()), []);
    assert.equal(check(counting({ decider: { ...decider } })), []);
  });

  test('reports another behaviour under the same version, and says what to do', () => {
    const [finding, ...others] = check(counting({ decider: changed }));
    assert.equal(others, []);
    assert.is(finding?.acceptable, false);
    assert.is(finding?.subject, 'count snapshot version 1');
    assert.match(
      finding?.remedy ?? '',
      /make it snapshot version 2: an older release would decide on snapshots of this one/,
    );
  });

  test('accepts it under a new version, and prevents the old number from being reused', () => {
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

  test('accepts another fingerprint where the contracts changed', () => {
    const Paused = defineEvent('CountPaused', {
      ...origin,
      schemaVersion: 1,
      meaning: 'Counting was paused.',
      fields: {},
    });
    const grown = counting({ events: [ContributionListener, Reset, Paused as unknown as typeof Reset] });
    assert.equal(
      check(grown).map(({ acceptable }) => acceptable),
      [true],
    );
  });

  test('reports what the lock of an older program does not contain', () => {
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
