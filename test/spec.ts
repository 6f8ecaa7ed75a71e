/**
 * The one way to write a test file. uvu by itself exits 0 when a `before` throws, when `after.each` throws, when `run()`
 * is forgotten, and when something that is not an Error is thrown; this wrapper closes all four and keeps its own count.
 */
import { writeFileSync } from 'node:fs';
import { suite } from 'uvu';

type Body = () => void | Promise<void>;

export interface Spec {
  /** Runs before the first test; when it throws, every test of the spec fails with its error. */
  readonly before: (body: Body) => void;
  /** Runs after the last test, whatever came before; when it throws, the last test fails. */
  readonly after: (body: Body) => void;
  /** A sentence and what shows that it holds. */
  readonly test: (sentence: string, body: Body, options?: { readonly timeoutMs?: number }) => void;
  /** A test that can't run here, and why. */
  readonly skip: (sentence: string, reason: string) => void;
}

/** What one test file reports to the runner. */
export interface FileReport {
  readonly registered: number;
  readonly passed: number;
  readonly failed: number;
  readonly skips: ReadonlyArray<string>;
}

const DEFAULT_TIMEOUT_MS = 30_000;

const counts = { registered: 0, passed: 0, failed: 0, skips: [] as string[] };

/** Declares and runs the tests of one subject. */
export const spec = (subject: string, define: (spec: Spec) => void): void => {
  const befores: Body[] = [];
  const afters: Body[] = [];
  const tests: { readonly sentence: string; readonly body: Body; readonly timeoutMs: number }[] = [];
  define({
    before: (body) => void befores.push(body),
    after: (body) => void afters.push(body),
    test: (sentence, body, options) =>
      void tests.push({ sentence, body, timeoutMs: options?.timeoutMs ?? DEFAULT_TIMEOUT_MS }),
    skip: (sentence, reason) => void counts.skips.push(`${subject}: ${sentence} (${reason})`),
  });
  counts.registered += tests.length;
  if (tests.length === 0) return;

  let ready: Promise<void> | undefined;
  const runner = suite(subject);
  tests.forEach(({ sentence, body, timeoutMs }, index) => {
    runner(sentence, async () => {
      try {
        ready ??= inOrder(befores);
        await ready;
        await within(timeoutMs, sentence, body);
        if (index === tests.length - 1) await inOrder(afters.splice(0));
        counts.passed += 1;
      } catch (error) {
        counts.failed += 1;
        if (index === tests.length - 1) await inOrder(afters.splice(0)).catch(() => undefined);
        throw error instanceof Error ? error : new Error(`threw something that is not an Error: ${String(error)}`);
      }
    });
  });
  runner.run();
};

const inOrder = async (bodies: ReadonlyArray<Body>): Promise<void> => {
  for (const body of bodies) await body();
};

const within = async (timeoutMs: number, sentence: string, body: Body): Promise<void> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`'${sentence}' took longer than ${timeoutMs} ms`)), timeoutMs);
  });
  try {
    await Promise.race([Promise.resolve().then(body), late]);
  } finally {
    clearTimeout(timer);
  }
};

const reportFile = process.env['TEST_REPORT_FILE'];

process.on('exit', () => {
  const report: FileReport = counts;
  if (reportFile !== undefined) writeFileSync(reportFile, JSON.stringify(report));
  if (counts.failed > 0 || counts.passed + counts.failed !== counts.registered) process.exitCode = 1;
});
