/** The layout, held by a test: what may import what is in .dependency-cruiser.cjs; here is what imports can't show. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import * as assert from 'uvu/assert';
import { spec } from '../spec';

const root = join(__dirname, '..', '..', '..');
const rooms = ['domain', 'infra', 'projections', 'api'];

const sources = rooms
  .flatMap((room) =>
    readdirSync(join(root, room), { recursive: true, encoding: 'utf8' }).map((name) => join(room, name)),
  )
  .filter((name) => name.endsWith('.ts'))
  .map((name) => ({ name, text: readFileSync(join(root, name), 'utf8') }));

const filesWith = (pattern: RegExp): ReadonlyArray<string> =>
  sources.filter(({ text }) => pattern.test(text)).map(({ name }) => name);

const cruise = (folders: ReadonlyArray<string>): { readonly status: number | null; readonly output: string } => {
  const depcruise = join(root, 'node_modules', '.bin', 'depcruise');
  const options = ['--config', '.dependency-cruiser.cjs', ...folders];
  const { status, stdout, stderr } = spawnSync(depcruise, options, { cwd: root, encoding: 'utf8' });
  return { status, output: stdout + stderr };
};

spec('the architecture', ({ test, after }) => {
  const probes: string[] = [];
  after(() => {
    for (const probe of probes) rmSync(probe, { recursive: true, force: true });
  });

  test('reads the environment in one file', () => {
    assert.equal(filesWith(/process\.env/), ['infra/configuration.ts']);
  });

  test('takes time and chance from one file', () => {
    const pattern = /Date\.now|new Date\(\)|performance\.now|process\.hrtime|Math\.random|randomUUID/;
    assert.equal(filesWith(pattern), ['infra/clock.ts']);
  });

  test('hands projections and the domain nothing that could differ from replay to replay', () => {
    // What needs no import: timers, the network, the process, the machine's language and time zone.
    const pattern =
      /\b(fetch|setTimeout|setInterval|setImmediate|queueMicrotask|performance|crypto|process|globalThis|Intl|require)\b\s*[.(]|toLocale|getTimezoneOffset|await /;
    const pure = sources.filter(({ name }) => /^domain\/|^projections\/[^/]+\.ts$/.test(name));
    assert.equal(
      pure.filter(({ text }) => pattern.test(text)).map(({ name }) => name),
      [],
    );
    assert.ok(pure.length > 20);
  });

  test('has no any, no suppressed error and no forgotten work', () => {
    const pattern = /\bas any\b|: any\b|<any>|@ts-ignore|@ts-expect-error|@ts-nocheck|TODO|FIXME|not implemented/;
    assert.equal(filesWith(pattern), []);
  });

  test('has no room for what has no name', () => {
    const vague = sources.map(({ name }) => name).filter((name) => /(utils?|helpers?|common|misc)\b/.test(name));
    assert.equal(vague, []);
  });

  test('names files in kebab-case', () => {
    const others = sources
      .map(({ name }) => name)
      .filter((name) => !/^[a-z0-9]+(-[a-z0-9]+)*\.ts$/.test(name.split('/').at(-1) ?? ''));
    assert.equal(others, []);
  });

  test('lets imports point one way, and each library have one room', () => {
    const { status, output } = cruise(rooms);
    assert.is(status, 0, output);
  });

  const forbidden: ReadonlyArray<readonly [string, string, string]> = [
    [
      'domain',
      'the clock in the domain',
      `import { systemClock } from '../../infra/clock'; export const probe = systemClock;`,
    ],
    ['domain', 'Node in the domain', `import { readFileSync } from 'node:fs'; export const probe = readFileSync;`],
    [
      'infra',
      'a projection in infra',
      `import { projections } from '../../projections/registry'; export const probe = projections;`,
    ],
    ['projections', 'SQLite in projections', `import Database from 'better-sqlite3'; export const probe = Database;`],
    ['projections', 'fastify in projections', `import fastify from 'fastify'; export const probe = fastify;`],
    [
      'infra',
      'the Kafka client outside its room',
      `import * as kafka from '@confluentinc/kafka-javascript'; export const probe = kafka;`,
    ],
  ];
  for (const [room, what, text] of forbidden) {
    test(`refuses ${what}`, () => {
      const folder = join(root, room, 'architecture-probe');
      probes.push(folder);
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, 'probe.ts'), `${text}\n`);
      const { status, output } = cruise([relative(root, folder)]);
      rmSync(folder, { recursive: true, force: true });
      assert.is.not(status, 0, output);
    });
  }
});
