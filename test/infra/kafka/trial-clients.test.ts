/** Settings that can't work together are found by making clients of them, before anybody is served. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { ConfigurationError, readConfiguration } from '../../../infra/configuration';
import { checkLogSettings } from '../../../infra/broker/open-log';
import { spec } from '../../spec';

spec('the settings of the Kafka client, tried', ({ test, after }) => {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-trial-'));
  after(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  const noCertificate = join(folder, 'no-certificate.pem');
  writeFileSync(noCertificate, 'certificate');

  const said = async (environment: Readonly<Record<string, string>>): Promise<string | undefined> => {
    try {
      await checkLogSettings(readConfiguration({ KAFKA_BROKERS: '127.0.0.1:1', ...environment }));
      return undefined;
    } catch (error) {
      if (error instanceof ConfigurationError) return error.message;
      throw error;
    }
  };
  const tls = { KAFKA_SECURITY_PROTOCOL: 'ssl' };

  const impossible: ReadonlyArray<readonly [string, Readonly<Record<string, string>>, RegExp]> = [
    ['a value of another kind', { KAFKA_SOCKET_TIMEOUT_MS: 'soon' }, /Invalid value.*\(KAFKA_SOCKET_TIMEOUT_MS\)$/],
    ['a value out of range', { KAFKA_SOCKET_TIMEOUT_MS: '1' }, /outside allowed range 10..300000/],
    ['a value that only consumers take', { KAFKA_FETCH_MIN_BYTES: 'few' }, /KAFKA_FETCH_MIN_BYTES/],
    ['a value that only producers take', { KAFKA_LINGER_MS: 'some' }, /KAFKA_QUEUE_BUFFERING_MAX_MS|KAFKA_LINGER_MS/],
    ['two that contradict each other', { KAFKA_RECONNECT_BACKOFF_MS: '5000' }, /reconnect.backoff.max.ms/],
    ['two of a consumer', { KAFKA_RECEIVE_MESSAGE_MAX_BYTES: '1000' }, /KAFKA_FETCH_MAX_BYTES/],
    ['a cipher that nobody knows', { ...tls, KAFKA_SSL_CIPHER_SUITES: 'NONE-AT-ALL' }, /KAFKA_SSL_CIPHER_SUITES/],
    ['an authority that is none', { ...tls, KAFKA_SSL_CA_LOCATION: noCertificate }, /ssl.ca.location failed/],
    [
      'a certificate that is not there',
      { ...tls, KAFKA_SSL_CERTIFICATE_LOCATION: '/no/certificate', KAFKA_SSL_KEY_LOCATION: '/no/key' },
      /^KAFKA_SSL_(CERTIFICATE|KEY)_LOCATION is '\/no\/.*', which can't be read/,
    ],
    [
      'a keystore that is none',
      { ...tls, KAFKA_SSL_KEYSTORE_LOCATION: noCertificate, KAFKA_SSL_KEYSTORE_PASSWORD: 'p' },
      /KAFKA_SSL_KEYSTORE_LOCATION/,
    ],
  ];
  for (const [what, environment, message] of impossible) {
    test(`refuse ${what}, in words and by name`, async () => {
      assert.match((await said(environment)) ?? 'nothing', message);
    });
  }

  test('take what is possible, and hold no promise for a default that may be changed', async () => {
    assert.is(await said({}), undefined);
    assert.is(
      await said({ KAFKA_COMPRESSION_CODEC: 'gzip', KAFKA_LINGER_MS: '50', KAFKA_CLIENT_ID: 'shop' }),
      undefined,
    );
    assert.is(
      await said({ KAFKA_FETCH_MESSAGE_MAX_BYTES: '200000', KAFKA_SOCKET_KEEPALIVE_ENABLE: 'false' }),
      undefined,
    );
  });
});
