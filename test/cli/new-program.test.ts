/** `tidemark new`: what it makes, what it refuses, and that the deployment files are what they should be. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { parseAllDocuments } from 'yaml';
import { makeProgram } from '../../api/scaffold/new-program';
import { temporaryFolder } from '../infra/sqlite/temporary-folder';
import { spec } from '../spec';

const NAME = 'corner-library';

/** A program, and its files by path. */
const made = (): {
  readonly folder: string;
  readonly text: (path: string) => string;
  readonly files: ReadonlyArray<string>;
} => {
  const { folder, files } = makeProgram(NAME, temporaryFolder());
  return { folder, files, text: (path) => readFileSync(join(folder, path), 'utf8') };
};

/** A value of a YAML or JSON file by its path; undefined where there is none. */
const at = (document: unknown, ...path: ReadonlyArray<string | number>): unknown =>
  path.reduce<unknown>(
    (value, key) => (value as Readonly<Record<string | number, unknown>> | undefined)?.[key],
    document,
  );

const yaml = (text: string): unknown => {
  const documents = parseAllDocuments(text, { uniqueKeys: true });
  assert.is(documents.length, 1);
  const [document] = documents;
  assert.equal(document?.errors ?? [], []);
  assert.equal(document?.warnings ?? [], []);
  return document?.toJS();
};

const rejects = (work: () => unknown, message: RegExp): void =>
  assert.throws(work, (error: Error) => error.name === 'ProgramRefused' && message.test(error.message));

spec('tidemark new', ({ test }) => {
  test('makes a program with everything under its own name', () => {
    const { folder, files, text } = made();
    for (const path of [
      '.gitignore',
      '.dockerignore',
      '.github/workflows/ci.yaml',
      'package.json',
      'contracts/lock.json',
    ])
      assert.ok(files.includes(path), path);
    assert.ok(files.includes(`deploy/systemd/${NAME}.service`));
    for (const file of files) assert.not.match(file + text(file), /__[A-Z_]+__|^(dot-|template-)/);
    const manifest = JSON.parse(text('package.json')) as unknown;
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { readonly version: string };
    assert.is(at(manifest, 'name'), NAME);
    assert.is(at(manifest, 'dependencies', 'tidemark'), `^${version}`);
    assert.equal(readdirSync(join(folder, '..')), [NAME]);
  });

  test('takes an empty folder', () => {
    const parent = temporaryFolder();
    mkdirSync(join(parent, NAME));
    makeProgram(NAME, parent);
    assert.ok(existsSync(join(parent, NAME, 'README.md')));
  });

  for (const name of ['', 'Shop', '9lives', 'a--b', 'a-', 'x_y', '../x', 'a/b', '.', 'a'.repeat(41), 'sh op', 'é'])
    test(`refuses the name '${name}' and makes nothing`, () => {
      const parent = temporaryFolder();
      rejects(() => makeProgram(name, parent), /can't be the name of a program: take up to 40 of a-z/);
      assert.equal(readdirSync(parent), []);
    });
  test('refuses names that npm could not install the engine under', () => {
    rejects(() => makeProgram('tidemark', temporaryFolder()), /take another name/);
  });

  test('refuses a folder that is not empty, and a file, and leaves them as they are', () => {
    const parent = temporaryFolder();
    mkdirSync(join(parent, NAME));
    writeFileSync(join(parent, NAME, 'mine.txt'), 'mine');
    rejects(() => makeProgram(NAME, parent), /corner-library is not empty: take another name/);
    writeFileSync(join(parent, 'other'), 'a file');
    rejects(() => makeProgram('other', parent), /other is a file/);
    assert.equal(readdirSync(parent).sort(), [NAME, 'other']);
    assert.equal(readdirSync(join(parent, NAME)), ['mine.txt']);
  });
});

spec('the deployment files of tidemark new', ({ test }) => {
  test('build an image in two stages that runs without privileges', () => {
    const instructions = made()
      .text('Dockerfile')
      .replaceAll(/\\\n/g, ' ')
      .split('\n')
      .filter((line) => /^[A-Z]/.test(line));
    const known = /^(FROM|ARG|RUN|WORKDIR|COPY|USER|ENV|VOLUME|EXPOSE|HEALTHCHECK|CMD) /;
    assert.equal(
      instructions.filter((line) => !known.test(line)),
      [],
    );
    const last = instructions.slice(instructions.findLastIndex((line) => line.startsWith('FROM ')));
    assert.is(instructions.filter((line) => line.startsWith('FROM ')).length, 2);
    assert.ok(last.includes('USER node'));
    assert.ok(last.some((line) => line.startsWith('COPY --from=build ')));
    const [command] = last.filter((line) => line.startsWith('CMD '));
    assert.equal(JSON.parse(command?.slice(4) ?? ''), ['node_modules/.bin/tidemark', 'serve', '--json']);
  });

  test('compose the program with a Kafka that it waits for', () => {
    const compose = yaml(made().text('compose.yaml'));
    const service = at(compose, 'services', NAME);
    assert.is(at(service, 'environment', 'KAFKA_BROKERS'), 'kafka:9092');
    assert.is(at(service, 'depends_on', 'kafka', 'condition'), 'service_healthy');
    assert.ok(at(compose, 'services', 'kafka', 'healthcheck', 'test'));
    const volumes = Object.keys(at(compose, 'volumes') as object);
    for (const name of [NAME, 'kafka'])
      for (const mount of at(compose, 'services', name, 'volumes') as ReadonlyArray<string>)
        assert.ok(volumes.includes(mount.split(':')[0] ?? ''), mount);
  });

  test('give Kubernetes one writer with probes, a volume and the place of its metrics', () => {
    const { text } = made();
    const [set, service, secret] = ['statefulset', 'service', 'secret.example'].map((name) =>
      yaml(text(`deploy/kubernetes/${name}.yaml`)),
    );
    assert.is(at(set, 'kind'), 'StatefulSet');
    assert.is(at(set, 'spec', 'replicas'), 1);
    const labels = at(set, 'spec', 'template', 'metadata', 'labels');
    assert.equal(at(set, 'spec', 'selector', 'matchLabels'), labels);
    assert.equal(at(service, 'spec', 'selector'), labels);
    assert.is(at(set, 'spec', 'serviceName'), at(service, 'metadata', 'name'));
    const pod = at(set, 'spec', 'template', 'spec');
    const container = at(pod, 'containers', 0);
    assert.is(at(container, 'livenessProbe', 'httpGet', 'path'), '/health/live');
    assert.is(at(container, 'readinessProbe', 'httpGet', 'path'), '/health/ready');
    const [port] = at(container, 'ports') as ReadonlyArray<unknown>;
    assert.is(
      at(set, 'spec', 'template', 'metadata', 'annotations', 'prometheus.io/port'),
      String(at(port, 'containerPort')),
    );
    const mounted = (at(container, 'volumeMounts') as ReadonlyArray<unknown>).map((mount) => at(mount, 'name'));
    const volumes = [
      ...(at(pod, 'volumes') as ReadonlyArray<unknown>).map((volume) => at(volume, 'name')),
      ...(at(set, 'spec', 'volumeClaimTemplates') as ReadonlyArray<unknown>).map((claim) =>
        at(claim, 'metadata', 'name'),
      ),
    ];
    assert.equal(mounted.sort(), volumes.sort());
    assert.is(at(pod, 'volumes', 0, 'secret', 'secretName'), at(secret, 'metadata', 'name'));
    assert.ok(
      String(at(secret, 'stringData', 'api-keys')).includes(
        `worker:client:${String(at(secret, 'stringData', 'api-key'))}`,
      ),
    );
  });

  test('run the scripts of package.json in CI', () => {
    const { text } = made();
    const steps = at(yaml(text('.github/workflows/ci.yaml')), 'jobs', 'test', 'steps') as ReadonlyArray<unknown>;
    const scripts = Object.keys(at(JSON.parse(text('package.json')), 'scripts') as object);
    const run = steps.flatMap((step) => /^npm (?:run )?(?!ci)(\w+)$/.exec(String(at(step, 'run')))?.[1] ?? []);
    assert.equal(run, ['lint', 'test', 'contracts']);
    for (const script of run) assert.ok(scripts.includes(script), script);
  });
});
