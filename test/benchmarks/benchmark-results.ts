/** The figures of the benchmarks, each under its name, in results.json beside the sources. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isoTime, systemClock } from '../../infra/clock';
import { writeWholeJson } from '../../infra/files/whole-file';

/** The sources' folder, not the built one. */
const FILE = join(__dirname, '..', '..', '..', 'test', 'benchmarks', 'results.json');

/** Notes what a benchmark came to, in place of what it came to before. */
export const noteResults = (benchmark: string, figures: object): void => {
  // Written by this very function.
  const known = existsSync(FILE) ? (JSON.parse(readFileSync(FILE, 'utf8')) as Record<string, unknown>) : {};
  const all = { ...known, [benchmark]: { at: isoTime(systemClock.nowMs()), ...figures } };
  writeWholeJson(FILE, all);
};
