/** Shows how far the demonstration is: a bar on a terminal, a line every few seconds elsewhere. */
import { Presets, SingleBar } from 'cli-progress';
import type { Clock } from '../../infra/clock';
import { countOf } from './report';

/** The output of the demonstration. */
export type DemoOutput = NodeJS.WritableStream & { readonly isTTY?: boolean };

export interface Progress {
  readonly show: (done: number) => void;
  readonly end: () => void;
}

const LINE_INTERVAL_MS = 2_000;

/** Returns the progress display for `total` commands. */
export const progressOn = (output: DemoOutput, total: number, clock: Clock): Progress => {
  const startedMs = clock.monotonicMs();
  const rateOf = (done: number): number => (done * 1_000) / Math.max(1, clock.monotonicMs() - startedMs);
  return output.isTTY === true ? barOn(output, total, rateOf) : linesOn(output, total, rateOf, clock);
};

const barOn = (output: DemoOutput, total: number, rateOf: (done: number) => number): Progress => {
  const bar = new SingleBar(
    {
      format: 'commands [{bar}] {percentage} % | {value} of {total} | {rate}/s | {remaining} s to go',
      hideCursor: true,
      stream: output,
    },
    Presets.rect,
  );
  bar.start(total, 0, { rate: 0, remaining: '?' });
  return {
    show: (done) => {
      const rate = rateOf(done);
      bar.update(done, { rate: Math.round(rate), remaining: Math.ceil((total - done) / Math.max(rate, 1)) });
    },
    end: () => bar.stop(),
  };
};

const linesOn = (output: DemoOutput, total: number, rateOf: (done: number) => number, clock: Clock): Progress => {
  let printedAtMs = clock.monotonicMs();
  return {
    show: (done) => {
      if (clock.monotonicMs() - printedAtMs < LINE_INTERVAL_MS) return;
      printedAtMs = clock.monotonicMs();
      output.write(
        `  ${countOf(done)} of ${countOf(total)} commands, ${countOf(Math.round(rateOf(done)))} per second\n`,
      );
    },
    end: () => {},
  };
};
