/** The package as users get it: what it holds, that its types and entries are found, and that applications run with it. */
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import * as assert from 'uvu/assert';
import { spec } from '../spec';
import { kafkaSpec } from '../support/kafka-spec';
import { eventually, freePort, isReady, startCommand, type ServerProcess } from '../support/server';
import {
  addNativePart,
  beside,
  finished,
  installed,
  isRealInstall,
  newProgram,
  packed,
  tool,
  type Installed,
} from './installed-package';

const ROOT = join(__dirname, '..', '..', '..');
const MAX_PACKED_BYTES = 1_000_000;
const TIMEOUT_MS = isRealInstall ? 280_000 : 150_000;

const once = <Value>(make: () => Promise<Value>): (() => Promise<Value>) => {
  let made: Promise<Value> | undefined;
  return async () => (made ??= make());
};
const thePackage = once(packed);
const typescript = once(async () => installed((await thePackage()).file, 'typescript'));
const javascript = once(async () => beside(await typescript(), 'javascript'));

const lending = once(async () => {
  const other = await typescript();
  await ready(other);
  return newProgram(other, 'lending');
});

const ready = async ({ folder }: Installed): Promise<void> => {
  addNativePart(folder, '@confluentinc/kafka-javascript');
  addNativePart(folder, 'better-sqlite3');
  if (!existsSync(join(folder, 'tsconfig.json')) || existsSync(join(folder, 'build'))) return;
  const { status, output } = await tool('typescript/bin/tsc', [], folder);
  assert.is(status, 0, output);
};

spec('the package', ({ test }) => {
  const long = { timeoutMs: TIMEOUT_MS };

  test(
    'holds what runs, its documents and its types, and nothing of the tests',
    async () => {
      const { names, bytes } = await thePackage();
      assert.ok(bytes < MAX_PACKED_BYTES, `${bytes} bytes`);
      const expected =
        /^(dist\/(api|domain|infra|projections)\/.*\.(js|d\.ts)|dist\/api\/console\/assets\/[a-z.]+|api\/scaffold\/template\/.*|docs\/.*|domain\/contracts\/.*\.json)$/;
      const others = ['CHANGELOG.md', 'LICENSE', 'README.md', 'infra/kafka/real-broker/pom.xml', 'package.json'];
      assert.equal(
        names.filter((name) => !expected.test(name)),
        others,
      );
      const template = 'api/scaffold/template/';
      for (const name of [`${template}template-package.json`, `${template}dot-gitignore`, `${template}source/copy.ts`])
        assert.ok(names.includes(name), name);
      for (const name of [
        'dist/api/cli/main.js',
        'dist/api/console/assets/console.html',
        'dist/api/package/main.d.ts',
        'domain/contracts/lock.json',
      ])
        assert.ok(names.includes(name), name);
    },
    long,
  );

  test(
    'is found by every way to import it, with its types',
    async () => {
      const { file } = await thePackage();
      const linted = await tool('publint/src/cli.js', [file, '--strict'], ROOT);
      assert.is(linted.status, 0, linted.output);
      const types = await tool('@arethetypeswrong/cli/dist/index.js', [file], ROOT);
      assert.is(types.status, 0, types.output);
    },
    long,
  );

  test(
    'names the library whose native part is not built, and the command that builds it',
    async () => {
      const { folder, command } = await javascript();
      if (isRealInstall) return;
      const check = await finished(command, ['contracts', 'accept'], folder);
      assert.is(check.status, 0, check.output);
      const serve = async (): Promise<string> => {
        const { status, output } = await finished(command, ['serve'], folder, { PORT: String(await freePort()) });
        assert.is(status, 1);
        return output;
      };
      const advice = (library: string): RegExp =>
        new RegExp(
          `^tidemark: the native part of ${library} is not built [^\\n]*npm rebuild --ignore-scripts=false ${library}'[^\\n]*\\n$`,
        );
      assert.match(await serve(), advice('@confluentinc/kafka-javascript'));
      addNativePart(folder, '@confluentinc/kafka-javascript');
      assert.match(await serve(), advice('better-sqlite3'));
    },
    long,
  );
});

type Post = readonly [path: string, body: unknown];

/** A command, the row that shows it, and the view that is rebuilt. */
interface Trial {
  /** Commands that have to come before. */
  readonly before?: ReadonlyArray<Post>;
  readonly post: Post;
  readonly row: readonly [path: string, row: unknown];
  /** The row after what follows by itself from the command. */
  readonly later?: unknown;
  /** How many events the projection has heard of in the end; 1 where it is left out. */
  readonly events?: number;
  readonly projection: string;
}

const parcel: Trial = {
  post: ['/parcels/p1/store', { locker: 'k1', isFragile: true, storedAt: '2026-01-01T12:00:00Z' }],
  row: ['/views/locker-contents/k1', { locker: 'k1', parcels: 1 }],
  projection: 'locker-contents',
};
const turnstile: Trial = {
  post: ['/turnstiles/north/admit', { ticket: 't1', passedAt: '2026-01-01T12:00:00Z' }],
  row: ['/views/visitors/north', { turnstileId: 'north', admitted: 1 }],
  projection: 'visitors',
};
const loan: Trial = {
  before: [
    ['/members/m1/register', { name: 'Ada Lovelace', registeredAt: '2026-01-01T12:00:00Z' }],
    ['/copies/c1/acquire', { title: 'Middlemarch', acquiredAt: '2026-01-01T12:00:00Z' }],
  ],
  post: ['/copies/c1/lend', { memberId: 'm1', lentAt: '2026-01-05T08:00:00Z', desk: 'machine' }],
  row: ['/views/member-loans/m1', undefined],
  later: { memberId: 'm1', open: 1, loans: 1, reminders: 1 },
  events: 2,
  projection: 'member-loans',
};

type Environment = Readonly<Record<string, string>>;

const environmentOf = async ({ folder }: Installed, data: string, settings: Environment): Promise<Environment> => {
  const port = await freePort();
  return { PORT: String(port), BASE_URL: `http://127.0.0.1:${port}`, DATA_DIR: join(folder, data), ...settings };
};

/** Accepts the contracts where nobody has, serves, sends a command, reads its row, rebuilds the view, and verifies it. */
const runThrough = async (
  { folder, command }: Installed,
  environment: Environment,
  { before = [], post, row: [rowPath, first], later, events = 1, projection }: Trial,
  start: () => ServerProcess,
): Promise<void> => {
  const tidemark = async (...parameters: ReadonlyArray<string>): Promise<string> => {
    const { status, output } = await finished(command, parameters, folder, environment);
    assert.is(status, 0, `tidemark ${parameters.join(' ')}\n${output}`);
    return output;
  };
  if (!existsSync(join(folder, 'contracts', 'lock.json'))) await tidemark('contracts', 'accept');
  assert.match(
    await tidemark('contracts', 'check'),
    /^contracts: \d events in \d versions, as recorded in contracts\//,
  );
  assert.ok(existsSync(join(folder, 'contracts', 'lock.json')));
  const url = environment['BASE_URL'] ?? '';
  const server = start();
  try {
    await eventually('it is ready', async () => isReady(url)).catch((error: unknown) => {
      throw new Error(`${String(error)}\n${server.output()}`);
    });
    const accepted = async ([path, body]: Post): Promise<Response> => {
      const headers = { 'content-type': 'application/json' };
      const answer = await fetch(`${url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
      assert.is(answer.status, 201, await answer.clone().text());
      return answer;
    };
    for (const each of before) await accepted(each);
    const answer = await accepted(post);
    for (const page of ['/console', '/console/assets/swagger-ui-bundle.js'])
      assert.is((await fetch(`${url}${page}`)).status, 200, page);
    const token = answer.headers.get('consistency-token') ?? '';
    const read = async (): Promise<unknown> =>
      (await fetch(`${url}${rowPath}?wait=10000`, { headers: { 'consistency-token': token } })).json();
    const row = later ?? first;
    if (later !== undefined) await eventually('the row is there', async () => isDeepStrictEqual(await read(), later));
    assert.equal(await read(), row);
    assert.match(await tidemark('rebuild', projection), /rebuilt|swapped|identical|proof/i);
    assert.equal(await read(), row);
  } finally {
    const status = await server.end('SIGTERM');
    assert.is(status, 0, server.output());
  }
  assert.match(await tidemark('verify'), new RegExp(`^${projection}: 1 rows match the ${events} events`, 'm'));
};

const runApplications = (
  test: (sentence: string, body: () => Promise<void>, options: { readonly timeoutMs: number }) => void,
  broker: string,
  settings: () => Environment,
): void => {
  const name = broker.replaceAll(' ', '-');
  test(
    `runs an application in JavaScript by its command, on ${broker}`,
    async () => {
      const shop = await javascript();
      await ready(shop);
      const environment = await environmentOf(shop, `data-on-${name}`, settings());
      await runThrough(shop, environment, turnstile, () =>
        startCommand(shop.command, ['serve'], environment, shop.folder),
      );
    },
    { timeoutMs: TIMEOUT_MS },
  );
  test(
    `runs an application in TypeScript inside a program of its own, on ${broker}`,
    async () => {
      const lockers = await typescript();
      await ready(lockers);
      const environment = await environmentOf(lockers, `data-on-${name}`, settings());
      const start = (): ServerProcess =>
        startCommand(process.execPath, [join('build', 'serve.js')], environment, lockers.folder);
      await runThrough(lockers, environment, parcel, start);
    },
    { timeoutMs: TIMEOUT_MS },
  );
  test(
    `runs the program that tidemark new makes, on ${broker}`,
    async () => {
      const library = await lending();
      // So short that the reminder comes while the test looks on.
      const environment = await environmentOf(library, `data-on-${name}`, { ...settings(), LOAN_TERM_MS: '1000' });
      await runThrough(library, environment, loan, () =>
        startCommand(library.command, ['serve'], environment, library.folder),
      );
    },
    { timeoutMs: TIMEOUT_MS },
  );
};

const SYSTEMD_ANALYZE = '/usr/bin/systemd-analyze';

spec('the program that tidemark new makes', ({ test, skip }) => {
  const unit = 'has a unit that systemd takes';
  if (!existsSync(SYSTEMD_ANALYZE)) skip(unit, 'systemd-analyze is not installed');
  else
    test(
      unit,
      async () => {
        const { folder } = await lending();
        const verified = await finished(SYSTEMD_ANALYZE, ['verify', 'deploy/systemd/lending.service'], folder);
        assert.equal(verified, { status: 0, output: '' });
      },
      { timeoutMs: TIMEOUT_MS },
    );

  test(
    'compiles and passes its own tests and its own lint',
    async () => {
      const { folder } = await lending();
      const testFiles = readdirSync(join(folder, 'build')).filter((file) => file.endsWith('.test.js'));
      const paths = testFiles.map((file) => join('build', file));
      const tested = await finished(process.execPath, ['--test', '--test-reporter=tap', ...paths], folder);
      assert.is(tested.status, 0, tested.output);
      assert.match(tested.output, /^# pass [1-9]\d+$/m);
      const linted = await tool('eslint/bin/eslint.js', ['--max-warnings', '0', 'source'], folder);
      assert.is(linted.status, 0, linted.output);
      const impure = join(folder, 'source', 'impure.ts');
      writeFileSync(impure, 'export const now = (): number => Date.now();\n');
      const refused = await tool('eslint/bin/eslint.js', ['source'], folder);
      rmSync(impure);
      assert.is(refused.status, 1);
      assert.match(refused.output, /impure\.ts\n.*Date\.now does not belong into pure code.*tidemark\/pure/);
    },
    { timeoutMs: TIMEOUT_MS },
  );
});

spec('the installed package', ({ test }) => {
  runApplications(test, 'the embedded broker', () => ({}));
});

kafkaSpec('the installed package', ({ test }, { servers, topicPrefix }) => {
  runApplications(test, 'a real Kafka', () => ({ KAFKA_BROKERS: servers, KAFKA_TOPIC_PREFIX: topicPrefix() }));
});

spec('the version of the package', ({ test }) => {
  test('is the newest of the changelog, or the one that its unreleased changes will have', () => {
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { readonly version: string };
    assert.match(version, /^\d+\.\d+\.\d+$/);
    const changelog = readFileSync(join(ROOT, 'CHANGELOG.md'), 'utf8');
    const [unreleased, latest] = [...changelog.matchAll(/^## \[([^\]]+)\]/gm)].map(([, each]) => each);
    assert.is(unreleased, 'Unreleased');
    assert.ok(
      latest !== undefined && latest.localeCompare(version, 'en', { numeric: true }) <= 0,
      `${latest ?? ''} ${version}`,
    );
  });
});
