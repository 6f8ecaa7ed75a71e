/** A real Prometheus with the shipped rules, for what they say of a running installation. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NO_PROMETHEUS, prometheusTool } from '../support/prometheus-tools';
import { freePort } from '../support/server';

const RULES = join(__dirname, '..', '..', '..', 'docs', 'monitoring', 'tidemark-rules.yml');

/** An alert whose expression holds. */
export interface ActiveAlert {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

export interface Prometheus {
  /** Alerts whose expressions hold now, whether or not for long enough to be sent. */
  readonly alerts: () => Promise<ReadonlyArray<ActiveAlert>>;
  readonly stop: () => void;
}

/** Why there is none; undefined where there is one. */
export const whyNoPrometheus = (): string | undefined =>
  prometheusTool('prometheus') === undefined ? NO_PROMETHEUS : undefined;

interface AlertsAnswer {
  readonly data: { readonly alerts: ReadonlyArray<{ readonly labels: Readonly<Record<string, string>> }> };
}

/** Starts one that looks at these ports, by the names of their processes, every second. */
export const startPrometheus = async (ports: ReadonlyMap<string, number>, key: string): Promise<Prometheus> => {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-prometheus-'));
  const port = await freePort();
  const targets = [...ports].map(
    ([name, own]) => `      - { targets: ['127.0.0.1:${own}'], labels: { instance: ${name} } }\n`,
  );
  writeFileSync(
    join(folder, 'prometheus.yml'),
    'global: { scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s }\n' +
      `rule_files: ['${RULES}']\n` +
      `scrape_configs:\n  - job_name: tidemark\n    authorization: { credentials: ${key} }\n    static_configs:\n${targets.join('')}`,
  );
  const child = spawn(
    prometheusTool('prometheus') ?? 'prometheus',
    [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    { stdio: 'ignore' },
  );
  const stop = (): void => {
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  process.on('exit', stop);
  return {
    alerts: async () => {
      const { data } = (await (await fetch(`http://127.0.0.1:${port}/api/v1/alerts`)).json()) as AlertsAnswer;
      return data.alerts.map(({ labels: { alertname = '', ...labels } }) => ({
        name: alertname,
        labels,
      }));
    },
    stop,
  };
};
