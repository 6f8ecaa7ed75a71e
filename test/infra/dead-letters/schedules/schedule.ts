/** The steps of a random schedule as data, so that a failing schedule can be shrunk step by step. */
import fc from 'fast-check';
import type { PerPartition } from './shared-topic';
import { faults, type Fault } from './notes-projection';
import { crashPoints, type CrashPoint } from './views-process';

export type Release = 'old' | 'new';

export type Step =
  /** The relay publishes the next events, repeats earlier records, and writes one that is not an event. */
  | {
      readonly does: 'publish';
      readonly events: number;
      readonly again: ReadonlyArray<number>;
      readonly noise: boolean;
    }
  | {
      readonly does: 'deliver';
      readonly to: 'owner' | 'zombie';
      readonly batches: ReadonlyArray<PerPartition>;
      readonly crash: CrashPoint | null;
    }
  | { readonly does: 'wait'; readonly ms: number }
  | { readonly does: 'find the file busy'; readonly batches: number }
  | { readonly does: 'lose the connection' }
  /** Another instance takes over the group, and the former one does not know it yet. */
  | { readonly does: 'take over'; readonly by: 'a process' | 'a loop'; readonly release: Release }
  | { readonly does: 'restart'; readonly how: 'in order' | 'killed'; readonly release: Release }
  | { readonly does: 'plan a redrive' }
  | { readonly does: 'redrive'; readonly crash: CrashPoint | null }
  | { readonly does: 'copy dead letters' };

export interface Schedule {
  readonly events: ReadonlyArray<readonly [stream: number, fault: Fault]>;
  /** How often something that an event needs is unavailable; assigned to the events cyclically. */
  readonly outages: ReadonlyArray<number>;
  readonly steps: ReadonlyArray<Step>;
}

/** The number of streams of one run. */
export const STREAMS = 5;

const fault = fc.oneof(
  { weight: 3, arbitrary: fc.constant<Fault>('none') },
  { weight: 1, arbitrary: fc.constantFrom<Fault>(...faults) },
);

const release = fc.oneof(
  { weight: 3, arbitrary: fc.constant<Release>('old') },
  { weight: 1, arbitrary: fc.constant<Release>('new') },
);

const counts = fc.tuple(fc.nat({ max: 7 }), fc.nat({ max: 7 }));

const crashDuring = (operation: (typeof crashPoints)[CrashPoint]['during']): fc.Arbitrary<CrashPoint | null> => {
  // Object.keys loses the type of the keys.
  const points = Object.keys(crashPoints) as ReadonlyArray<CrashPoint>;
  const fitting = points.filter((point) => crashPoints[point].during === operation);
  return fc.oneof({ weight: 5, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: fc.constantFrom(...fitting) });
};

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      does: fc.constant('publish' as const),
      events: fc.integer({ min: 1, max: 6 }),
      again: fc.array(fc.nat({ max: 100 }), { maxLength: 2 }),
      noise: fc.oneof({ weight: 9, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
    }),
  },
  {
    weight: 7,
    arbitrary: fc.record({
      does: fc.constant('deliver' as const),
      to: fc.constantFrom('owner' as const, 'owner' as const, 'owner' as const, 'zombie' as const),
      batches: fc.array(counts, { minLength: 1, maxLength: 2 }),
      crash: crashDuring('apply'),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ does: fc.constant('wait' as const), ms: fc.constantFrom(120, 500, 2_500) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      does: fc.constant('find the file busy' as const),
      batches: fc.integer({ min: 1, max: 3 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('lose the connection' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      does: fc.constant('take over' as const),
      by: fc.constantFrom('a process' as const, 'a loop' as const),
      release,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      does: fc.constant('restart' as const),
      how: fc.constantFrom('in order' as const, 'killed' as const),
      release,
    }),
  },
  { weight: 2, arbitrary: fc.record({ does: fc.constant('plan a redrive' as const) }) },
  { weight: 4, arbitrary: fc.record({ does: fc.constant('redrive' as const), crash: crashDuring('redriveStep') }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('copy dead letters' as const) }) },
);

/** Random schedules. */
export const schedules: fc.Arbitrary<Schedule> = fc.record({
  events: fc.array(fc.tuple(fc.nat({ max: STREAMS - 1 }), fault), { minLength: 1, maxLength: 40, size: 'max' }),
  outages: fc.array(fc.constantFrom(0, 1, 2, 20), { minLength: 1, maxLength: 5 }),
  steps: fc.array(step, { minLength: 3, maxLength: 40, size: 'max' }),
});
