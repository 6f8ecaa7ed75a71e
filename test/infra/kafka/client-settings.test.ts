/** Settings that this build of the client can't meet are refused at the start, and none is dropped without a word. */
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { systemClock } from '../../../infra/clock';
import { ConfigurationError, type KafkaConnection } from '../../../infra/configuration';
import { connectionSettings } from '../../../infra/kafka/client-settings';
import { openLog } from '../../../infra/broker/open-log';
import { silentLogger } from '../../../infra/logger';
import { spec } from '../../spec';
import { failureOf } from './log-fixture';

const sasl = { mechanism: 'SCRAM-SHA-512', username: 'app', password: 'secret' };
const secure: KafkaConnection = { brokers: 'a:1,b:2', securityProtocol: 'sasl_ssl', sasl };
const everything = ['ssl', 'sasl', 'sasl_plain', 'sasl_scram', 'lz4'];

spec('the settings of a connection', ({ test }) => {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-settings-'));
  process.on('exit', () => {
    rmSync(folder, { recursive: true, force: true });
  });

  test('carry everything that lets a client in', () => {
    const ca = join(folder, 'ca.pem');
    writeFileSync(ca, 'certificate');
    const settings = connectionSettings({ ...secure, sslCaLocation: ca }, everything);
    assert.is(settings['bootstrap.servers'], 'a:1,b:2');
    assert.is(settings['security.protocol'], 'sasl_ssl');
    assert.is(settings['ssl.ca.location'], ca);
    assert.is(settings['sasl.mechanisms'], 'SCRAM-SHA-512');
    assert.is(settings['sasl.username'], 'app');
    assert.is(settings['sasl.password'], 'secret');
  });

  test('carry no word of SASL or TLS where none is asked for', () => {
    const names = Object.keys(connectionSettings({ brokers: 'a:1', securityProtocol: 'plaintext' }, []));
    assert.equal(
      names.filter((name) => /ssl|sasl/.test(name)),
      [],
    );
  });

  const refused: ReadonlyArray<readonly [string, KafkaConnection, ReadonlyArray<string>, RegExp]> = [
    ['TLS in a build without it', secure, ['lz4', 'gzip'], /needs 'ssl'.*\(it has lz4, gzip\).*npm rebuild/],
    ['SCRAM in a build without it', secure, ['ssl', 'sasl'], /KAFKA_SASL_MECHANISM=SCRAM-SHA-512 needs 'sasl_scram'/],
    [
      'a mechanism that nobody knows',
      { ...secure, sasl: { ...sasl, mechanism: 'MAGIC' } },
      everything,
      /'MAGIC'; it takes one of PLAIN, SCRAM-SHA-256, SCRAM-SHA-512/,
    ],
    ['SASL without a user', { brokers: 'a:1', securityProtocol: 'sasl_plaintext' }, everything, /needs a user name/],
    [
      'a certificate that is not there',
      { ...secure, sslCaLocation: join(folder, 'missing.pem') },
      everything,
      /KAFKA_SSL_CA_LOCATION is '.*missing.pem', which can't be read/,
    ],
  ];
  for (const [what, connection, built, message] of refused) {
    test(`refuse ${what}, and say what to do`, () => {
      assert.throws(
        () => connectionSettings(connection, built),
        (error: unknown) => error instanceof ConfigurationError && message.test(error.message),
      );
    });
  }

  test('are looked at when the log is opened', async () => {
    const kafka = { ...secure, sasl: { ...sasl, mechanism: 'MAGIC' } };
    const failure = await failureOf(openLog({ configuration: { kafka }, clock: systemClock, logger: silentLogger }));
    assert.instance(failure, ConfigurationError);
  });

  test('reach the client whole: no constructor has a second argument, which would drop half of the first', () => {
    const room = join(__dirname, '..', '..', '..', '..', 'infra', 'kafka');
    const constructions = readdirSync(room, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .flatMap((name) => readFileSync(join(room, name), 'utf8').match(/new (Producer|KafkaConsumer)\(.*/g) ?? []);
    assert.is(constructions.length, 3);
    for (const construction of constructions) assert.not.match(construction, /[}\w], *\{/, construction);
  });
});
