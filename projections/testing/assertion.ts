/** Assertions of the kit: they need no test framework, and throw what every test runner shows. */
import { inspect, isDeepStrictEqual } from 'node:util';

/**
 * An expectation that does not hold. Test runners know it by its name and code, and may show `actual` and `expected` in their own
 * way. Node's class of this name is not used: it adds a difference of its own to some messages.
 */
export class AssertionError extends Error {
  override readonly name = 'AssertionError';
  readonly code = 'ERR_ASSERTION';
  constructor(
    message: string,
    readonly actual?: unknown,
    readonly expected?: unknown,
  ) {
    super(message);
  }
}

/** A value as messages show it, on one line: complete, with its members in a fixed sequence. */
export const shown = (value: unknown): string => inspect(value, { ...WHOLE, breakLength: Infinity });

const WHOLE = { depth: 20, sorted: true, maxArrayLength: 200 };

/** The same with one line for each member. */
const linesOf = (value: unknown): ReadonlyArray<string> => inspect(value, { ...WHOLE, compact: false }).split('\n');

/** Throws an AssertionError: a sentence about what was expected, and below it the difference, line by line. */
export const assertEqual = (actual: unknown, expected: unknown, sentence: string): void => {
  if (isDeepStrictEqual(actual, expected)) return;
  const lines = difference(linesOf(expected), linesOf(actual));
  fail([sentence, '  + actual  - expected', '', ...lines].join('\n'), actual, expected);
};

/** Throws an AssertionError with a message. */
export const fail = (message: string, actual?: unknown, expected?: unknown): never => {
  throw new AssertionError(message, actual, expected);
};

/** Lines of `before` that are missing get `-`, lines of `after` that are new get `+`. */
const difference = (before: ReadonlyArray<string>, after: ReadonlyArray<string>): ReadonlyArray<string> => {
  const lengths = commonLengths(before, after);
  const lines: string[] = [];
  let left = 0;
  let right = 0;
  while (left < before.length || right < after.length) {
    const [expected, actual] = [before[left], after[right]];
    if (expected !== undefined && expected === actual) {
      lines.push(`  ${expected}`);
      left += 1;
      right += 1;
    } else if (actual !== undefined && (lengths[left]?.[right + 1] ?? 0) >= (lengths[left + 1]?.[right] ?? 0)) {
      lines.push(`+ ${actual}`);
      right += 1;
    } else if (expected !== undefined) {
      lines.push(`- ${expected}`);
      left += 1;
    } else {
      lines.push(`+ ${actual ?? ''}`);
      right += 1;
    }
  }
  return lines;
};

/** For each pair of places, how many lines the rests from there have in common at most. */
const commonLengths = (
  before: ReadonlyArray<string>,
  after: ReadonlyArray<string>,
): ReadonlyArray<ReadonlyArray<number>> => {
  const lengths = Array.from({ length: before.length + 1 }, () => new Array<number>(after.length + 1).fill(0));
  for (let left = before.length - 1; left >= 0; left -= 1) {
    const [row, below] = [lengths[left], lengths[left + 1]];
    if (row === undefined || below === undefined) continue;
    for (let right = after.length - 1; right >= 0; right -= 1) {
      row[right] =
        before[left] === after[right] ? (below[right + 1] ?? 0) + 1 : Math.max(below[right] ?? 0, row[right + 1] ?? 0);
    }
  }
  return lengths;
};
