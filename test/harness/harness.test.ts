import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { spec, type FileReport } from '../spec';

const run = (name: string): { readonly status: number | null; readonly report: FileReport } => {
  const reportFile = join(mkdtempSync(join(tmpdir(), 'tidemark-harness-')), 'report.json');
  const { status } = spawnSync(process.execPath, [join(__dirname, 'cases', 'case.js'), name], {
    env: { ...process.env, TEST_REPORT_FILE: reportFile },
    timeout: 10_000,
  });
  return { status, report: JSON.parse(readFileSync(reportFile, 'utf8')) as FileReport };
};

spec('the test harness', ({ test }) => {
  test('passes what passes', () => {
    const { status, report } = run('passes');
    assert.is(status, 0);
    assert.equal(report, { registered: 1, passed: 1, failed: 0, skips: [] });
  });

  for (const name of [
    'before throws',
    'after throws',
    'a test throws a text',
    'a test never ends',
    'the process exits in the middle',
    'an assertion fails',
  ]) {
    test(`fails when ${name}`, () => {
      const { status, report } = run(name);
      assert.is.not(status, 0);
      assert.ok(report.failed > 0 || report.passed < report.registered, JSON.stringify(report));
    });
  }

  test('goes on with the next test after a text was thrown', () => {
    assert.equal(run('a test throws a text').report, { registered: 2, passed: 1, failed: 1, skips: [] });
  });
});
