/** The alert rules and the dashboard that come with the program: well formed, on metrics that exist, explained in the runbook. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { silentLogger } from '../../../infra/logger';
import { openMetrics } from '../../../infra/metrics/registry';
import { metricDeclarations, type MetricDeclaration } from '../../../infra/metrics/declarations';
import { NO_PROMETHEUS, prometheusTool } from '../../support/prometheus-tools';
import { parseExposition } from '../../support/exposition';
import { spec } from '../../spec';

const root = join(__dirname, '..', '..', '..', '..');
const rulesFile = join(root, 'docs', 'monitoring', 'tidemark-rules.yml');
const rules = readFileSync(rulesFile, 'utf8');
const dashboard = JSON.parse(readFileSync(join(root, 'docs', 'monitoring', 'grafana-dashboard.json'), 'utf8')) as {
  readonly panels: ReadonlyArray<{
    readonly id: number;
    readonly title: string;
    readonly targets: ReadonlyArray<{ readonly expr: string }>;
  }>;
};

const alerts = [
  ...rules.matchAll(
    /^ {6}- alert: (\w+)\n {8}expr: (.+)\n {8}for: (\w+)\n {8}labels: \{ severity: (\w+) \}\n {8}annotations:\n {10}summary: ".+"$/gm,
  ),
].map(([, alert = '', expr = '']) => ({ alert, expr }));
const expressions = [
  ...alerts.map(({ expr }) => expr),
  ...dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)),
];

/** Each metric of an expression with the labels that are asked of it. */
const selectorsIn = (expr: string): ReadonlyArray<readonly [name: string, labels: ReadonlyArray<string>]> =>
  [...expr.matchAll(/\b((?:tidemark|nodejs|process)_[a-z0-9_]+)(?:\{([^}]*)\})?/g)].map(([, name = '', list = '']) => [
    name.replace(/_(bucket|sum|count)$/, ''),
    [...list.matchAll(/(\w+)(?:=~|!~|!=|=)/g)].map(([, label = '']) => label),
  ]);

const promtool = prometheusTool('promtool');

spec('the monitoring that comes with the program', ({ test, skip }) => {
  test('has rules that a parser reads to the last one', () => {
    assert.ok(alerts.length >= 15);
    assert.is(alerts.length, [...rules.matchAll(/- alert:/g)].length);
    assert.is(new Set(alerts.map(({ alert }) => alert)).size, alerts.length);
    for (const { expr } of alerts) {
      for (const pair of ['()', '{}', '[]']) {
        const [open, close] = [pair.charAt(0), pair.charAt(1)];
        assert.is(expr.split(open).length, expr.split(close).length, expr);
      }
    }
  });

  if (promtool === undefined) skip('has rules that promtool accepts, and that name each fault alone', NO_PROMETHEUS);
  else {
    test('has rules that promtool accepts', () => {
      assert.match(execFileSync(promtool, ['check', 'rules', rulesFile], { encoding: 'utf8' }), /SUCCESS/);
    });

    test('has rules that name each fault, and no other', () => {
      const tests = join(root, 'docs', 'monitoring', 'tidemark-rules-test.yml');
      assert.match(execFileSync(promtool, ['test', 'rules', tests], { encoding: 'utf8' }), /SUCCESS/);
    });
  }

  test('asks for metrics and labels that exist, and shows every metric that is declared', async () => {
    const { types } = parseExposition(await openMetrics(silentLogger).text());
    const declared: Readonly<Record<string, MetricDeclaration>> = metricDeclarations;
    const asked = expressions.flatMap(selectorsIn);
    for (const [name, labels] of asked) {
      assert.ok(types.has(name), name);
      for (const label of labels) assert.ok(declared[name]?.labels.includes(label), `${name} has no label ${label}`);
    }
    const shown = new Set(asked.map(([name]) => name));
    assert.equal(
      Object.keys(declared).filter((name) => !shown.has(name)),
      [],
    );
  });

  test('has a panel of its own number and title for everything', () => {
    const { panels } = dashboard;
    assert.is(new Set(panels.map(({ id }) => id)).size, panels.length);
    assert.is(new Set(panels.map(({ title }) => title)).size, panels.length);
  });

  test('is explained in the runbook, alert by alert: meaning, first look, cure', () => {
    const runbook = readFileSync(join(root, 'docs', 'runbook.md'), 'utf8');
    for (const { alert } of alerts) {
      const row = runbook.split('\n').find((line) => line.startsWith(`| \`${alert}\``));
      assert.is(row?.split(' | ').length, 4, alert);
    }
    const explained = [...runbook.matchAll(/^\| `(Tidemark\w+)`/gm)].map(([, alert = '']) => alert);
    assert.equal(
      explained.filter((name) => !alerts.some(({ alert }) => alert === name)),
      [],
    );
  });

  test('is documented, metric by metric', () => {
    const text = readFileSync(join(root, 'docs', 'monitoring.md'), 'utf8');
    for (const [name, { labels }] of Object.entries<MetricDeclaration>(metricDeclarations)) {
      const shown = labels.length === 0 ? name : `${name}{${labels.join(',')}}`;
      assert.ok(text.includes(`\`${shown}\``), shown);
    }
  });
});
