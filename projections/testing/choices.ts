/**
 * The source of everything that a property varies: a list of numbers, from which a history is built. So fast-check can look
 * for the shortest failing history, knowing nothing of histories.
 */
import { AssertionError } from './assertion';

/** Returns an integer below a bound; 0 once the numbers are used up. */
export interface Choices {
  readonly below: (bound: number) => number;
  readonly isEmpty: () => boolean;
}

/** The part of fast-check that the kit uses: pass the module itself. */
export interface FastCheck {
  nat(max: number): unknown;
  array(element: unknown, constraints: { readonly maxLength: number; readonly size: 'max' }): unknown;
  property(arbitrary: never, predicate: (choices: number[]) => void): unknown;
  assert(property: never, parameters: { readonly seed?: number; readonly numRuns: number }): unknown;
}

/** How properties are tried. */
export interface PropertyOptions {
  /** `import fc from 'fast-check'`: a failing history is made as short as possible. Without it the first one found is shown. */
  readonly fastCheck?: FastCheck;
  /** How many histories are tried; 100 where it is left out. */
  readonly runs?: number;
  /** The histories of one seed are always the same. */
  readonly seed?: number;
}

const DEFAULT_RUNS = 100;
const DEFAULT_SEED = 20_260_105;
const MAX_NUMBERS = 400;
const MAX_NUMBER = 0x7fff_ffff;

/** Choices from a list of numbers. */
export const choicesFrom = (numbers: ReadonlyArray<number>): Choices => {
  let used = 0;
  return {
    below: (bound) => {
      const number = numbers[used] ?? 0;
      used += 1;
      return number % bound;
    },
    isEmpty: () => used >= numbers.length,
  };
};

/** Tries a law with many lists of numbers. Throws AssertionError for the first, or the shortest, that breaks it. */
export const forAnyChoices = (
  { fastCheck, runs = DEFAULT_RUNS, seed = DEFAULT_SEED }: PropertyOptions,
  law: (choices: Choices) => void,
): void => {
  const tried = (numbers: ReadonlyArray<number>): void => law(choicesFrom(numbers));
  if (fastCheck !== undefined) {
    const numbers = fastCheck.array(fastCheck.nat(MAX_NUMBER), { maxLength: MAX_NUMBERS, size: 'max' });
    withReadableFailure(
      () => void fastCheck.assert(fastCheck.property(numbers as never, tried) as never, { seed, numRuns: runs }),
    );
    return;
  }
  for (let run = 0; run < runs; run += 1) {
    const next = numbersOf(seed + run);
    const numbers = Array.from({ length: next() % (MAX_NUMBERS + 1) }, next);
    withReadableFailure(() => tried(numbers), `found with the seed ${seed} in run ${run + 1}`);
  }
};

/** fast-check's own message shows the numbers, which tell nobody anything: what broke is in the cause. */
const withReadableFailure = (work: () => void, found?: string): void => {
  try {
    work();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const broken = error.cause instanceof Error && !(error instanceof AssertionError) ? error.cause : error;
    const [firstLine = ''] = error.message.split('\n');
    const message = `${broken.message}\n\n${found ?? firstLine}`;
    throw Object.assign(new AssertionError(message), { cause: broken });
  }
};

/** Seeded pseudo-random integers (mulberry32). */
const numbersOf = (seed: number): (() => number) => {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    const first = Math.imul(state ^ (state >>> 15), state | 1);
    const second = first ^ (first + Math.imul(first ^ (first >>> 7), first | 61));
    return ((second ^ (second >>> 14)) >>> 0) & MAX_NUMBER;
  };
};
