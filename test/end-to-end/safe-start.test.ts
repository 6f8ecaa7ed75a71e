/** The program as it is started by somebody who has set nothing, too little, or something that can't work. */
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { spec } from '../spec';
import { eventually, freePort, isReady, runTidemark, startTidemark } from '../support/server';

const client = 'shop:client:key-of-the-shop-1';
const reactors = 'processes:client:key-of-processes';
const operator = 'ops:operator:key-of-operators';

spec('a start', ({ test, after }) => {
  const root = mkdtempSync(join(tmpdir(), 'tidemark-safe-'));
  after(() => {
    rmSync(root, { recursive: true, force: true });
  });
  let folders = 0;
  const newFolder = (): string => join(root, `data-${(folders += 1)}`);
  const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8);

  const kafka = { KAFKA_BROKERS: '127.0.0.1:1' };
  const file = join(root, 'a-file');
  writeFileSync(file, '');
  const refused: ReadonlyArray<readonly [string, ReadonlyArray<string>, Readonly<Record<string, string>>, RegExp]> = [
    [
      'for others without keys',
      [],
      { HOST: '0.0.0.0' },
      /HOST is '0.0.0.0', which other machines can reach.*API_KEYS=/,
    ],
    ['for others over IPv6 without keys', [], { HOST: '::' }, /HOST is '::', which other machines can reach/],
    [
      'of the API alone for others without keys',
      ['--roles', 'api'],
      { HOST: '0.0.0.0', ...kafka },
      /HOST is '0.0.0.0', which other machines can reach/,
    ],
    [
      'of reactors without a key where keys are asked for',
      [],
      { API_KEYS: client },
      /API_KEYS is set and API_KEY is not/,
    ],
    [
      'of reactors alone without a key',
      ['--roles', 'reactors'],
      { API_KEYS: client, ...kafka },
      /API_KEYS is set and API_KEY is not/,
    ],
    [
      'of reactors with an unknown key',
      [],
      { API_KEYS: client, API_KEY: 'key-of-somebody-else' },
      /API_KEY is not one of the keys in API_KEYS/,
    ],
    ['with a key of one letter', [], { API_KEYS: 'shop:client:x' }, /entry 1 has a key of 1 characters; it takes 16/],
    ['in a folder that is a file', [], { DATA_DIR: file }, /DATA_DIR is '.*a-file', which can't be used/],
    [
      'in a folder below a file',
      [],
      { DATA_DIR: join(file, 'data') },
      /DATA_DIR is '.*a-file\/data', which can't be used/,
    ],
    ['with acks that lose events', [], { ...kafka, KAFKA_ACKS: '1' }, /KAFKA_ACKS can't be set: an event counts as/],
    [
      'with a name that nobody knows',
      [],
      { ...kafka, KAFKA_SOKET_TIMEOUT_MS: '1' },
      /nearest is KAFKA_SOCKET_TIMEOUT_MS/,
    ],
    [
      'with a value that cannot be',
      [],
      { ...kafka, KAFKA_SOCKET_TIMEOUT_MS: 'x' },
      /Invalid value.*KAFKA_SOCKET_TIMEOUT_/,
    ],
    ['with values that contradict', [], { ...kafka, KAFKA_RECEIVE_MESSAGE_MAX_BYTES: '1000' }, /KAFKA_FETCH_MAX_BYTES/],
    [
      'with a mechanism that the build lacks',
      [],
      {
        ...kafka,
        KAFKA_SECURITY_PROTOCOL: 'sasl_ssl',
        KAFKA_SASL_MECHANISM: 'GSSAPI',
        KAFKA_SASL_USERNAME: 'a',
        KAFKA_SASL_PASSWORD: 'b',
      },
      /KAFKA_SASL_MECHANISM is 'GSSAPI'; it takes one of PLAIN/,
    ],
    ['with a secret from a missing file', [], { API_KEYS_FILE: join(root, 'none') }, /API_KEYS_FILE names '.*none'/],
  ];
  for (const [what, parameters, environment, message] of refused) {
    test(`${what} is refused with a sentence, before anything is served`, async () => {
      const settings = { PORT: String(await freePort()), DATA_DIR: newFolder(), ...environment };
      const { status, output } = await runTidemark(['serve', ...parameters], settings);
      assert.is(status, 1, output);
      assert.match(output, message);
      assert.not.match(output, /Tidemark serves|\n\s+at |key-of-/);
    });
  }

  test('with keys from files serves others, keeps out who has none, and lets the reactors in', async () => {
    const [port, keys, key] = [await freePort(), join(root, 'keys'), join(root, 'key')];
    writeFileSync(keys, `# all of them\n${client}\n${reactors}\n${operator}\n`, { mode: 0o600 });
    writeFileSync(key, 'key-of-processes\n', { mode: 0o644 });
    const settings = {
      HOST: '0.0.0.0',
      PORT: String(port),
      DATA_DIR: newFolder(),
      API_KEYS_FILE: keys,
      API_KEY_FILE: key,
    };
    const server = startTidemark(['serve'], settings);
    const url = `http://127.0.0.1:${port}`;
    try {
      await eventually('it is ready', () => isReady(url));
      const statusWith = async (headers: Readonly<Record<string, string>>): Promise<number> =>
        (await fetch(`${url}/ops/groups`, { headers })).status;
      assert.is(await statusWith({}), 401);
      assert.is(await statusWith({ authorization: 'Bearer key-of-processes' }), 200);
      assert.match(server.output(), /API_KEY_FILE names .*every user of this machine may read/);
      assert.not.match(server.output(), 'key-of-');
    } finally {
      await server.end('SIGTERM');
    }
  });

  test('makes data that nobody else may read, and tightens what an earlier release has left open', async () => {
    const [port, folder] = [await freePort(), newFolder()];
    const url = `http://127.0.0.1:${port}`;
    const settings = { PORT: String(port), DATA_DIR: folder };
    const before = process.umask(0o000);
    let server = startTidemark(['serve'], settings);
    process.umask(before);
    const files = (): ReadonlyArray<string> => readdirSync(folder).map((name) => join(folder, name));
    const isPrivate = (): void => {
      assert.is(modeOf(folder), '700');
      for (const name of files()) assert.is(modeOf(name), '600', name);
      assert.ok(files().length >= 4);
    };
    try {
      await eventually('it is ready', () => isReady(url));
      await eventually('every role has its file', async () =>
        Promise.resolve(files().filter((name) => name.endsWith('.sqlite')).length >= 4),
      );
      isPrivate();
      await server.end('SIGTERM');
      copyFileSync(join(folder, 'store.sqlite'), join(folder, 'store.sqlite.copy'));
      chmodSync(folder, 0o755);
      for (const name of files()) chmodSync(name, 0o644);
      server = startTidemark(['serve'], settings);
      await eventually('it is ready again', () => isReady(url));
      isPrivate();
    } finally {
      await server.end('SIGKILL');
    }
    const exported = join(root, 'export.jsonl');
    assert.is((await runTidemark(['export', exported], { DATA_DIR: folder })).status, 0);
    assert.is(modeOf(exported), '600');
  });

  test('in a folder that holds other things names it, and leaves it as it is', async () => {
    const [port, folder] = [await freePort(), newFolder()];
    mkdirSync(join(folder, 'another-program'), { recursive: true });
    chmodSync(folder, 0o755);
    const server = startTidemark(['serve'], { PORT: String(port), DATA_DIR: folder });
    try {
      await eventually('it is ready', () => isReady(`http://127.0.0.1:${port}`));
      assert.match(server.output(), /WARNING .*data-\d+ is open to other users \(mode 755\).*DATA_DIR/);
      assert.is(modeOf(folder), '755');
      assert.is(modeOf(join(folder, 'store.sqlite')), '600');
    } finally {
      await server.end('SIGKILL');
    }
  });
});
