/** `tidemark rebuild`: asks the server for a rebuild and follows it to its end. */
import { MultiBar, Presets } from 'cli-progress';
import { systemClock } from '../../infra/clock';
import type { Configuration } from '../../infra/configuration';
import type { RebuildStatus } from '../../projections/view-reader';
import { request } from './server-client';

const POLL_MS = 250;
/** A line every so often where there is no terminal to draw on. */
const LINE_INTERVAL_MS = 2_000;

/** What follows the rebuild on the screen. */
interface Display {
  readonly show: (status: RebuildStatus) => void;
  readonly end: () => void;
}

/** Answers the exit status: 0 when the rebuilt rows are served, 1 otherwise. */
export const rebuild = async (
  configuration: Configuration,
  projection: string,
  options: { readonly from: 'kafka' | 'store'; readonly json: boolean },
): Promise<number> => {
  const path = `/ops/projections/${encodeURIComponent(projection)}/rebuild`;
  const accepted = (await request(configuration, 'POST', path, { from: options.from })) as { readonly id: number };
  const display = displayFor(options.json);
  try {
    for (;;) {
      const status = (await request(configuration, 'GET', `/ops/rebuilds/${accepted.id}`)) as RebuildStatus;
      display.show(status);
      if (status.state === 'done' || status.state === 'failed') {
        display.end();
        return conclude(status, options.json);
      }
      await systemClock.sleep(POLL_MS);
    }
  } finally {
    display.end();
  }
};

const print = (line: string): void => void process.stdout.write(`${line}\n`);

const displayFor = (json: boolean): Display => {
  if (json) return { show: (status) => print(JSON.stringify(status)), end: () => {} };
  return process.stdout.isTTY ? barDisplay() : lineDisplay();
};

const barDisplay = (): Display => {
  const bars = new MultiBar(
    {
      format: '{projection} [{bar}] {percentage} % | {value} of {total} events | {rate} events/s | {remaining} s to go',
      hideCursor: true,
      clearOnComplete: false,
    },
    Presets.rect,
  );
  const bar = bars.create(1, 0);
  return {
    show: (status) => {
      bar.setTotal(Math.max(status.total ?? status.done, 1));
      bar.update(status.done, {
        projection: status.projection,
        rate: Math.round(status.rate ?? 0),
        remaining: Math.ceil(status.etaSeconds ?? 0),
      });
    },
    end: () => bars.stop(),
  };
};

const lineDisplay = (): Display => {
  let printedAtMs = -Infinity;
  return {
    show: (status) => {
      const nowMs = systemClock.monotonicMs();
      if (nowMs - printedAtMs < LINE_INTERVAL_MS) return;
      printedAtMs = nowMs;
      const eta = status.etaSeconds === null ? '' : `, ${Math.ceil(status.etaSeconds)} s to go`;
      print(
        `${status.projection}: ${status.state}, ${status.done} of ${status.total ?? '?'} events, ` +
          `${Math.round(status.rate ?? 0)} events/s${eta}`,
      );
    },
    end: () => {},
  };
};

const conclude = (status: RebuildStatus, json: boolean): number => {
  if (json) return status.state === 'done' ? 0 : 1;
  if (status.state === 'failed') {
    process.stderr.write(`the rebuild of ${status.projection} failed: ${status.reason ?? 'no reason was given'}\n`);
    return 1;
  }
  const note = status.reason === null ? '' : ` (${status.reason})`;
  print(`${status.projection} is rebuilt from ${status.done} events, read from the ${status.from}${note}, and served`);
  for (const [name, value] of Object.entries(status.proof ?? {})) print(`  ${name}: ${String(value)}`);
  return 0;
};
