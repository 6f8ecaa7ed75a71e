/** A copy of the built program whose sources a test may change: another team's program, or this one after somebody's change. */
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '../infra/sqlite/temporary-folder';
import { runProgramAt, startProgramAt, type ServerProcess } from './server';

const ROOT = join(__dirname, '..', '..', '..');

export interface ProgramCopy {
  readonly folder: string;
  /** Replaces text in a built file, such as `domain/stock/stock.js`; fails where the text is not there. */
  readonly edit: (file: string, from: string | RegExp, to: string) => void;
  readonly read: (file: string) => string;
  readonly run: (
    parameters: ReadonlyArray<string>,
    environment?: Readonly<Record<string, string>>,
  ) => Promise<{ readonly status: number | string; readonly output: string }>;
  readonly start: (parameters: ReadonlyArray<string>, environment: Readonly<Record<string, string>>) => ServerProcess;
}

/** Copies the program, without its tests. */
export const programCopy = (): ProgramCopy => {
  const folder = temporaryFolder();
  for (const room of ['api', 'domain', 'infra', 'projections'])
    cpSync(join(ROOT, 'build', room), join(folder, 'build', room), { recursive: true });
  mkdirSync(join(folder, 'domain'));
  cpSync(join(ROOT, 'domain', 'contracts'), join(folder, 'domain', 'contracts'), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  const main = join(folder, 'build', 'api', 'cli', 'main.js');
  const path = (file: string): string => join(folder, file.endsWith('.js') ? 'build' : '', file);
  const read = (file: string): string => readFileSync(path(file), 'utf8');
  return {
    folder,
    read,
    edit: (file, from, to) => {
      const text = read(file);
      const changed = text.replace(from, () => to);
      if (changed === text) throw new Error(`${file} does not hold ${String(from)}`);
      writeFileSync(path(file), changed);
    },
    run: (parameters, environment = {}) =>
      runProgramAt(main, parameters, { DATA_DIR: join(folder, 'data'), ...environment }),
    start: (parameters, environment) => startProgramAt(main, parameters, environment),
  };
};
