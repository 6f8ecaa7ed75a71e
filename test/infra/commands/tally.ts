/** A small aggregate for the tests of the handler: it counts until it is closed, and misbehaves when told to. */
import * as E from 'fp-ts/Either';
import { aggregate, catalogOf } from '../../../domain/kernel/aggregate';
import { field } from '../../../domain/kernel/codec';
import { defineCommand, type CommandOf } from '../../../domain/kernel/command-definition';
import { defineEvent, earlierVersion, type EventOf } from '../../../domain/kernel/event-definition';
import { oneOf, Quantity } from '../../../domain/kernel/values';

const countedFields = { by: field(Quantity, 'How many were counted.') };
const ContributionListener = defineEvent('ContributionListener', {
  owner: 'tests',
  since: '2026-01-01',
  schemaVersion: 2,
  meaning: 'Something was counted.',
  fields: countedFields,
  earlier: [
    earlierVersion({
      type: 'ContributionListener',
      schemaVersion: 1,
      since: '2020-01-01',
      deprecated: '2020-01-02',
      sunset: '2020-01-03',
      meaning: 'Something was counted.',
      fields: countedFields,
      next: countedFields,
      upcast: (data) => data,
    }),
  ],
});
const Closed = defineEvent('Closed', {
  owner: 'tests',
  since: '2026-01-01',
  schemaVersion: 1,
  meaning: 'Counting has ended.',
  fields: {},
});

const count = defineCommand('count', {
  meaning: 'Counts.',
  fields: { by: field(Quantity, 'How many.') },
  example: { by: 1 },
});
const close = defineCommand('close', { meaning: 'Ends counting.', fields: {}, example: {} });
const misbehave = defineCommand('misbehave', {
  meaning: 'Breaks the rules that deciders keep.',
  fields: { by: field(oneOf({ throwing: null, 'breaking the contract': null, 'inventing an event': null }), 'How.') },
  example: { by: 'throwing' },
});

type TallyEvent = EventOf<typeof ContributionListener> | EventOf<typeof Closed>;
type TallyCommand = CommandOf<typeof count> | CommandOf<typeof close> | CommandOf<typeof misbehave>;

interface TallyState {
  readonly total: number;
  readonly closed: boolean;
}

const misbehaviour = (by: string): E.Either<never, ReadonlyArray<TallyEvent>> => {
  if (by === 'breaking the contract')
    return E.right([ContributionListener.of({ by: 1 }), ContributionListener.of({ by: -1 })]);
  // Not an event of this aggregate: that is the point.
  if (by === 'inventing an event') return E.right([{ type: 'Invented', data: {} } as unknown as TallyEvent]);
  throw new Error('the decider threw');
};

/** Counts; its highest total is 1,000. */
export const tally = aggregate<TallyCommand, TallyState, TallyEvent>({
  category: 'tally',
  path: 'tallies',
  meaning: 'A count.',
  topic: {
    name: 'tallies',
    partitions: 1,
    retention: 'forever',
    key: { is: 'the id', because: 'a test needs no more', concurrency: 'x', skew: 'x' },
  },
  events: [ContributionListener, Closed],
  commands: [count, close, misbehave],
  decider: {
    initialState: { total: 0, closed: false },
    evolve: (state, event) =>
      event.type === 'Closed' ? { ...state, closed: true } : { ...state, total: state.total + event.data.by },
    decide: (command, state) => {
      switch (command.type) {
        case 'close':
          return E.right(state.closed ? [] : [Closed.of({})]);
        case 'misbehave':
          return misbehaviour(command.data.by);
        case 'count':
          if (state.closed) return E.left({ type: 'TallyClosed', message: `it was closed at ${state.total}` });
          if (state.total + command.data.by > 1_000) return E.left({ type: 'TallyFull', message: 'it ends at 1000' });
          return E.right([ContributionListener.of({ by: command.data.by })]);
      }
    },
  },
});

export const tallyCatalog = catalogOf([tally]);
