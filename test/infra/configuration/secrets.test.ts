/** Secrets from files: what is read, what is trimmed, and what is said of a file that can't be used. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { readConfiguration } from '../../../infra/configuration';
import { spec } from '../../spec';
import { refusal } from './refusal';

spec('a secret in a file', ({ test, after }) => {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-secrets-'));
  after(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  const fileWith = (content: string | Buffer, mode = 0o600): string => {
    const file = join(folder, `secret-${Math.trunc(process.hrtime()[1])}`);
    writeFileSync(file, content);
    chmodSync(file, mode);
    return file;
  };
  const sasl = { KAFKA_BROKERS: 'a:1', KAFKA_SECURITY_PROTOCOL: 'sasl_ssl', KAFKA_SASL_USERNAME: 'app' };

  test('is read without the end of its line', () => {
    for (const content of ['the secret', 'the secret\n', 'the secret\r\n']) {
      const { kafka } = readConfiguration({ ...sasl, KAFKA_SASL_PASSWORD_FILE: fileWith(content) });
      assert.is(kafka?.sasl?.password, 'the secret');
    }
    assert.is(readConfiguration({ API_KEY_FILE: fileWith('key-of-the-reactors\n') }).apiKey, 'key-of-the-reactors');
  });

  test('may hold the keys of the API, one a line, with comments', () => {
    const lines = '# the shop\nshop:client:shop-secret-of-16\n\nops:operator:ops-secret-of-16\n';
    assert.equal(readConfiguration({ API_KEYS_FILE: fileWith(lines) }).apiKeys, [
      { name: 'shop', role: 'client', key: 'shop-secret-of-16' },
      { name: 'ops', role: 'operator', key: 'ops-secret-of-16' },
    ]);
    const commas = 'shop:client:shop-secret-of-16,ops:operator:ops-secret-of-16\n';
    assert.is(readConfiguration({ API_KEYS_FILE: fileWith(commas) }).apiKeys.length, 2);
  });

  test('is held to the same rules, under the name of its setting', () => {
    assert.match(refusal({ API_KEYS_FILE: fileWith('shop:client:short') }), /^API_KEYS_FILE: entry 1 has a key of 5/);
    assert.match(refusal({ API_KEY_FILE: fileWith('two words') }), /^API_KEY_FILE holds a character/);
    assert.match(refusal({ API_KEYS_FILE: fileWith('# nobody yet\n') }), /^API_KEYS_FILE holds no key/);
  });

  const names: ReadonlyArray<readonly [string, Readonly<Record<string, string>>]> = [
    ['API_KEYS', {}],
    ['API_KEY', {}],
    ['KAFKA_SASL_PASSWORD', sasl],
    ['KAFKA_SSL_KEY_PASSWORD', sasl],
    ['KAFKA_SSL_KEYSTORE_PASSWORD', sasl],
    ['KAFKA_SASL_OAUTHBEARER_CLIENT_SECRET', sasl],
  ];
  for (const [name, others] of names) {
    const read = (file: string, more: Readonly<Record<string, string>> = {}): string =>
      refusal({ ...others, [`${name}_FILE`]: file, ...more });

    test(`${name}_FILE beside ${name} is refused`, () => {
      const sentence = read(fileWith('one-secret-of-many'), { [name]: 'another-secret-of-many' });
      assert.is(sentence, `${name} and ${name}_FILE are both set: leave one of them out`);
    });

    test(`${name}_FILE that can't be used is refused with its name and the reason`, () => {
      assert.match(
        read(join(folder, 'missing')),
        new RegExp(`^${name}_FILE names '.*missing', which can't be read: ENOENT`),
      );
      assert.match(read(folder), new RegExp(`^${name}_FILE names '.*', which can't be read: EISDIR`));
      assert.match(read(fileWith('')), /which is empty$/);
      assert.match(read(fileWith('\n')), /which is empty$/);
      assert.match(read(fileWith('x'.repeat(65_537))), /which is larger than 65536 bytes/);
      assert.match(read(fileWith(Buffer.from([0x63, 0xe9]))), /which is not UTF-8 text$/);
    });
  }

  test('of one line is refused with several', () => {
    assert.match(
      refusal({ API_KEY_FILE: fileWith('first-line-of-two\nsecond') }),
      /^API_KEY_FILE holds more than one line/,
    );
    const sentence = refusal({ ...sasl, KAFKA_SASL_PASSWORD_FILE: fileWith('first\nsecond\n') });
    assert.match(sentence, /^KAFKA_SASL_PASSWORD_FILE holds more than one line/);
    assert.not.match(sentence, 'second');
  });

  test('that every user may read is taken, and warned of', () => {
    const open = fileWith('key-of-the-reactors', 0o644);
    assert.match(
      readConfiguration({ API_KEY_FILE: open }).warnings?.join() ?? '',
      /every user of this machine may read/,
    );
    assert.is(readConfiguration({ API_KEY_FILE: fileWith('key-of-the-reactors', 0o640) }).warnings, undefined);
  });
});
