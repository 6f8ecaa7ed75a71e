/**
 * The test runner: each file in a process of its own, two at a time, with one real Kafka for all of them. It trusts no
 * exit code: a file that reports fewer outcomes than it registered, or that never ends, has failed. An argument is a
 * fragment of the paths to run; `--fast` runs the files that need neither a broker nor other processes.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { systemClock } from '../infra/clock';
import { isFast } from './fast-files';
import type { FileReport } from './spec';
import { startSharedKafka } from './support/shared-kafka';

/** Fewer tests than this means that some were lost: raise it with every test that is added. */
const MIN_TESTS = 3_250;
const CONCURRENT_FILES = 2;
const FILE_TIMEOUT_MS = 300_000;
const FAST = '--fast';

interface FileResult {
  readonly file: string;
  readonly report: FileReport | undefined;
  readonly output: string;
  readonly durationMs: number;
  /** Why the file failed as a whole, beside its failed tests. */
  readonly fault: string | undefined;
}

const testFiles = (folder: string): ReadonlyArray<string> =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.js'))
    .map((name) => join(folder, name))
    .sort();

const runFile = async (file: string, environment: NodeJS.ProcessEnv): Promise<FileResult> => {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-test-'));
  const reportFile = join(folder, 'report.json');
  const startedMs = systemClock.monotonicMs();
  const child = spawn(process.execPath, ['--enable-source-maps', file], {
    // A group of its own, so that a file that never ends takes everything that it started with it.
    detached: true,
    env: { ...environment, TEST_REPORT_FILE: reportFile, TMPDIR: folder, UV_THREADPOOL_SIZE: '16' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
  const late = new AbortController();
  const timer = setTimeout(() => {
    late.abort();
    killGroup(child.pid);
  }, FILE_TIMEOUT_MS);
  const ending = await new Promise<string>((resolve) => {
    child.on('exit', (code, signal) => resolve(signal ?? `exit ${code ?? '?'}`));
  });
  clearTimeout(timer);
  killGroup(child.pid);
  const report = existsSync(reportFile) ? (JSON.parse(readFileSync(reportFile, 'utf8')) as FileReport) : undefined;
  rmSync(folder, { recursive: true, force: true });
  const fault = late.signal.aborted
    ? `did not end within ${FILE_TIMEOUT_MS} ms: a handle was left open`
    : faultOf(report, ending);
  const output = Buffer.concat(chunks).toString('utf8');
  return { file, report, output, durationMs: systemClock.monotonicMs() - startedMs, fault };
};

const killGroup = (pid: number | undefined): void => {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // The whole group has ended, as it should.
  }
};

const faultOf = (report: FileReport | undefined, ending: string): string | undefined => {
  if (report === undefined) return `ended with ${ending} before it could report`;
  const { registered, passed, failed, skips } = report;
  if (registered === 0 && skips.length === 0) return 'holds no test';
  if (passed + failed !== registered) return `ran ${passed + failed} of its ${registered} tests (${ending})`;
  if (failed === 0 && ending !== 'exit 0') return `ended with ${ending} although its tests passed`;
  return undefined;
};

const show = (root: string, result: FileResult): void => {
  const { report, fault } = result;
  const good = fault === undefined && report?.failed === 0;
  const seconds = (result.durationMs / 1000).toFixed(1);
  const counts =
    report === undefined ? '' : `${report.passed} passed, ${report.failed} failed, ${report.skips.length} skipped`;
  print(`${good ? 'ok  ' : 'FAIL'} ${relative(root, result.file)} (${seconds} s) ${counts}`);
  if (!good) print(result.output.trimEnd());
  if (fault !== undefined) print(`     ${fault}`);
  for (const skip of report?.skips ?? []) print(`     skipped: ${skip}`);
};

const print = (line: string): void => void process.stdout.write(`${line}\n`);

const main = async (): Promise<void> => {
  const root = __dirname;
  const isFastRun = process.argv.includes(FAST);
  const wanted = process.argv.slice(2).find((argument) => argument !== FAST);
  const files = testFiles(root)
    .filter((file) => wanted === undefined || file.includes(wanted))
    .filter((file) => !isFastRun || isFast(file));
  const kafka = isFastRun ? undefined : await startSharedKafka();
  const results: FileResult[] = [];
  try {
    const queue = [...files];
    const worker = async (): Promise<void> => {
      for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
        const result = await runFile(file, { ...process.env, ...kafka?.environment });
        results.push(result);
        show(root, result);
      }
    };
    await Promise.all(Array.from({ length: CONCURRENT_FILES }, worker));
  } finally {
    await kafka?.stop();
  }
  conclude(results, wanted === undefined && !isFastRun);
};

const conclude = (results: ReadonlyArray<FileResult>, whole: boolean): void => {
  const sum = (count: (report: FileReport) => number): number =>
    results.reduce((total, { report }) => total + (report === undefined ? 0 : count(report)), 0);
  const passed = sum((report) => report.passed);
  const skipped = sum((report) => report.skips.length);
  // A file that broke as a whole counts as a failure even where each test that ran had passed.
  let failed = sum((report) => report.failed) + results.filter((result) => result.fault !== undefined).length;
  if (whole && passed + failed + skipped < MIN_TESTS) {
    print(`FAIL only ${passed + failed + skipped} tests were found, expected at least ${MIN_TESTS}`);
    failed += 1;
  }
  print(`${passed} passed, ${failed} failed, ${skipped} skipped`);
  process.exitCode = failed > 0 ? 1 : 0;
};

main().catch((error: unknown) => {
  print(error instanceof Error ? (error.stack ?? error.message) : String(error));
  print('0 passed, 1 failed, 0 skipped');
  process.exitCode = 1;
});
