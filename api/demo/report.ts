/** Formats the result of the demonstration as text. */
import type { Figure } from './comparison';
import { decimalOf } from './money';
import type { Performed } from './perform';
import { agrees, type Verification } from './verification';

const DISPLAY_LIMIT = 20;

/** Formats 24312 as `24,312`. */
export const countOf = (value: number): string => value.toLocaleString('en-US');

/** Formats the results of the commands. */
export const commandLines = (
  { posted, accepted, unchanged, refused }: Performed,
  durationMs: number,
): ReadonlyArray<string> => {
  const refusals = [...refused].sort(
    ([leftReason, left], [rightReason, right]) => right - left || (leftReason < rightReason ? -1 : 1),
  );
  const refusedCount = refusals.reduce((sum, [, count]) => sum + count, 0);
  const seconds = Math.max(durationMs / 1_000, 0.001);
  return [
    `${countOf(posted)} commands posted in ${seconds.toFixed(1)} s (${countOf(Math.round(posted / seconds))} per second): ` +
      `${countOf(accepted)} accepted, ${countOf(unchanged)} unchanged, ${countOf(refusedCount)} refused`,
    ...(refusals.length === 0 ? [] : ['rejected, by reason:']),
    ...refusals.map(([reason, count]) => `  ${countOf(count).padStart(8)}  ${reason}`),
  ];
};

const COLUMNS = { view: 16, name: 28, number: 18 } as const;

/** Formats the figures of every read model next to those of the input. */
export const figureLines = ({ comparisons, otherOrders }: Verification): ReadonlyArray<string> => {
  const row = (view: string, name: string, expected: string, found: string, mark: string): string =>
    `${view.padEnd(COLUMNS.view)}${name.padEnd(COLUMNS.name)}${expected.padStart(COLUMNS.number)}` +
    `${found.padStart(COLUMNS.number)}${mark}`;
  return [
    row('read model', 'figure', 'input', 'read model', ''),
    ...comparisons.flatMap(({ view, figures }) =>
      figures.map((figure) =>
        row(view, figure.name, amountOf(figure, figure.expected), amountOf(figure, figure.found), markOf(figure)),
      ),
    ),
    ...(otherOrders === 0
      ? []
      : [
          `${countOf(otherOrders)} other orders on this server are included in the sums by day, by customer and by sku`,
        ]),
  ];
};

const amountOf = ({ isMoney }: Figure, value: number): string => (isMoney ? decimalOf(value) : countOf(value));

const markOf = ({ expected, found }: Figure): string => (expected === found ? '' : '  DIFFERS');

/** Formats whether everything agrees, or the differences. */
export const verdictLines = (verification: Verification): ReadonlyArray<string> => {
  const { comparisons } = verification;
  const rows = comparisons.reduce((sum, each) => sum + each.rows, 0);
  const figures = comparisons.reduce((sum, each) => sum + each.figures.length, 0);
  if (agrees(verification)) return [`All ${countOf(rows)} rows and ${countOf(figures)} totals agree.`];
  const differences = comparisons.flatMap((each) => each.differences);
  const unshown = differences.length - DISPLAY_LIMIT;
  return [
    `${countOf(differences.length)} differences:`,
    ...differences.slice(0, DISPLAY_LIMIT).map((difference) => `  ${difference}`),
    ...(unshown > 0 ? [`  and ${countOf(unshown)} more`] : []),
  ];
};
