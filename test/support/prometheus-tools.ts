/** Prometheus and promtool, which are optional: installed, or fetched without root by `make prometheus`. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

const FETCHED = join(__dirname, '..', '..', '..', '.prometheus', 'usr', 'bin');

const isThere = (command: string): boolean => {
  try {
    execFileSync(command, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
};

/** The command to run; undefined where there is none. */
export const prometheusTool = (name: 'prometheus' | 'promtool'): string | undefined =>
  [name, join(FETCHED, name)].find(isThere);

/** Why a test is skipped. */
export const NO_PROMETHEUS = 'there is no prometheus (make prometheus fetches it; Debian: prometheus)';
