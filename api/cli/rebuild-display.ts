/** Shows the progress of rebuilds: bars on a terminal, a line at intervals elsewhere, JSON lines on request. */
import { MultiBar, Presets, type SingleBar } from 'cli-progress';
import { systemClock } from '../../infra/clock';
import type { RebuildStatus } from '../../projections/view-reader';

/** Displays rebuilds until they end. */
export interface RebuildDisplay {
  readonly show: (statuses: ReadonlyArray<RebuildStatus>) => void;
  readonly end: () => void;
}

/** How often a line is printed when the output is not a terminal. */
const LINE_INTERVAL_MS = 2_000;

const print = (line: string): void => void process.stdout.write(`${line}\n`);

/** The display that fits the output. */
export const rebuildDisplay = (json: boolean): RebuildDisplay => {
  if (json) return jsonDisplay();
  return process.stdout.isTTY ? barDisplay() : lineDisplay();
};

const jsonDisplay = (): RebuildDisplay => {
  const printed = new Map<number, string>();
  return {
    show: (statuses) => {
      for (const status of statuses) {
        const line = JSON.stringify(status);
        if (printed.get(status.id) === line) continue;
        printed.set(status.id, line);
        print(line);
      }
    },
    end: () => {},
  };
};

const barDisplay = (): RebuildDisplay => {
  const bars = new MultiBar(
    {
      format: '{projection} [{bar}] {percentage} % | {value} of {total} events | {rate} events/s | {remaining} s to go',
      hideCursor: true,
      clearOnComplete: false,
    },
    Presets.rect,
  );
  const byId = new Map<number, SingleBar>();
  return {
    show: (statuses) => {
      const width = Math.max(...statuses.map(({ projection }) => projection.length));
      for (const { id, projection, total, done, rate, etaSeconds } of statuses) {
        const bar =
          byId.get(id) ?? bars.create(1, 0, { projection: projection.padEnd(width), rate: 0, remaining: '?' });
        byId.set(id, bar);
        bar.setTotal(Math.max(total ?? done, 1));
        bar.update(done, {
          projection: projection.padEnd(width),
          rate: Math.round(rate ?? 0),
          remaining: Math.ceil(etaSeconds ?? 0),
        });
      }
    },
    end: () => bars.stop(),
  };
};

const lineDisplay = (): RebuildDisplay => {
  let printedAtMs = -Infinity;
  return {
    show: (statuses) => {
      const nowMs = systemClock.monotonicMs();
      if (nowMs - printedAtMs < LINE_INTERVAL_MS) return;
      printedAtMs = nowMs;
      for (const { projection, state, done, total, rate, etaSeconds } of statuses) {
        const eta = etaSeconds === null ? '' : `, ${Math.ceil(etaSeconds)} s to go`;
        const figures = `${done} of ${total ?? '?'} events, ${Math.round(rate ?? 0)} events/s${eta}`;
        print(`${projection}: ${state}, ${figures}`);
      }
    },
    end: () => {},
  };
};
