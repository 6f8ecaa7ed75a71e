/** Runs the built program as its users do: processes, ports, signals. */
import { spawn, type ChildProcess } from 'node:child_process';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { systemClock } from '../../infra/clock';

/** With MALLOC_ARENA_MAX what the Makefile sets, and the command itself where it is installed. */
const NODE_OPTIONS = ['--max-semi-space-size=4', '--enable-source-maps'];

const MAIN = join(__dirname, '..', '..', 'api', 'cli', 'main.js');

/** A running process of the program. */
export interface ServerProcess {
  readonly pid: number | undefined;
  /** Everything that it printed so far. */
  readonly output: () => string;
  readonly isRunning: () => boolean;
  /** Sends a signal and waits for the end; returns the exit code, or the signal's name. */
  readonly end: (signal: NodeJS.Signals) => Promise<number | string>;
}

/** Everything that is still running, so that a failing test leaves nothing behind. */
const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** Starts `tidemark <arguments>` with an environment of its own. */
export const startTidemark = (
  parameters: ReadonlyArray<string>,
  environment: Readonly<Record<string, string>>,
): ServerProcess => startProgramAt(MAIN, parameters, environment);

/** Starts another copy of the program, by the path of its main file. */
export const startProgramAt = (
  main: string,
  parameters: ReadonlyArray<string>,
  environment: Readonly<Record<string, string>>,
): ServerProcess => startCommand(process.execPath, [...NODE_OPTIONS, main, ...parameters], environment);

/** Starts any command, with nothing of this process's environment but where programs are found. */
export const startCommand = (
  command: string,
  parameters: ReadonlyArray<string>,
  environment: Readonly<Record<string, string>>,
  folder?: string,
): ServerProcess => {
  const child = spawn(command, parameters, {
    env: { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', MALLOC_ARENA_MAX: '2', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(folder === undefined ? {} : { cwd: folder }),
  });
  running.add(child);
  let output = '';
  const keep = (chunk: Buffer): void => {
    output += chunk.toString('utf8');
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  const ended = new Promise<number | string>((resolve) => {
    child.on('exit', (code, signal) => {
      running.delete(child);
      resolve(code ?? signal ?? 'unknown');
    });
  });
  return {
    pid: child.pid,
    output: () => output,
    isRunning: () => running.has(child),
    end: async (signal) => {
      child.kill(signal);
      return ended;
    },
  };
};

/** Runs `tidemark <arguments>` to its end. */
export const runTidemark = async (
  parameters: ReadonlyArray<string>,
  environment: Readonly<Record<string, string>>,
): Promise<{ readonly status: number | string; readonly output: string }> =>
  runProgramAt(MAIN, parameters, environment);

/** Runs another copy of the program to its end. */
export const runProgramAt = async (
  main: string,
  parameters: ReadonlyArray<string>,
  environment: Readonly<Record<string, string>>,
): Promise<{ readonly status: number | string; readonly output: string }> => {
  const child = startProgramAt(main, parameters, environment);
  await eventually('the command ends', async () => Promise.resolve(!child.isRunning()), 120_000);
  // A signal to a process that has ended does nothing; this only collects its status.
  return { status: await child.end('SIGTERM'), output: child.output() };
};

/** A port that was free a moment ago. */
export const freePort = async (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() =>
        typeof address === 'object' && address !== null ? resolve(address.port) : reject(new Error('no port')),
      );
    });
  });

/** Asks again and again until the answer is true. */
export const eventually = async (what: string, holds: () => Promise<boolean>, deadlineMs = 20_000): Promise<void> => {
  const untilMs = systemClock.monotonicMs() + deadlineMs;
  let failure: unknown;
  while (systemClock.monotonicMs() < untilMs) {
    try {
      if (await holds()) return;
    } catch (error) {
      failure = error;
    }
    await systemClock.sleep(25);
  }
  throw new Error(`not within ${deadlineMs} ms: ${what}${failure instanceof Error ? ` (${failure.message})` : ''}`);
};

/** Whether the server at `url` takes requests. */
export const isReady = async (url: string): Promise<boolean> => (await fetch(`${url}/health/ready`)).ok;
