/** Any setting of the Kafka client, by its name: what is taken, what goes before what, and what is refused with its reason. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import {
  readConfiguration,
  settingNames,
  settingsFor,
  variableOf,
  type KafkaConnection,
} from '../../../infra/configuration';
import { spec } from '../../spec';
import { refusal } from './refusal';

type Environment = Readonly<Record<string, string>>;

const brokers = { KAFKA_BROKERS: 'a:1' };
const tls = { ...brokers, KAFKA_SECURITY_PROTOCOL: 'ssl' };
const sasl = { ...brokers, KAFKA_SECURITY_PROTOCOL: 'sasl_ssl' };
const oauth = {
  ...sasl,
  KAFKA_SASL_MECHANISM: 'OAUTHBEARER',
  KAFKA_SASL_OAUTHBEARER_TOKEN_ENDPOINT_URL: 'https://login.example/token',
  KAFKA_SASL_OAUTHBEARER_CLIENT_ID: 'tidemark',
  KAFKA_SASL_OAUTHBEARER_CLIENT_SECRET: 'secret',
};

const connectionOf = (environment: Environment): KafkaConnection => {
  const { kafka } = readConfiguration(environment);
  if (kafka === undefined) throw new Error('no Kafka');
  return kafka;
};

spec('a setting of the Kafka client', ({ test, after }) => {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-kafka-settings-'));
  after(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  let files = 0;
  const fileWith = (content: string): string => {
    const file = join(folder, `client-${(files += 1)}.properties`);
    writeFileSync(file, content, { mode: 0o600 });
    return file;
  };

  test('is taken from its variable, and goes to the clients that know it', () => {
    const connection = connectionOf({
      ...brokers,
      KAFKA_SOCKET_TIMEOUT_MS: '5000',
      KAFKA_LINGER_MS: '20',
      KAFKA_FETCH_MIN_BYTES: '10',
    });
    const all = { 'socket.timeout.ms': '5000' };
    assert.equal(settingsFor(connection, 'all'), all);
    assert.equal(settingsFor(connection, 'producer'), { ...all, 'queue.buffering.max.ms': '20' });
    assert.equal(settingsFor(connection, 'consumer'), { ...all, 'fetch.min.bytes': '10' });
  });

  test('is taken from the file, where its variable goes before it', () => {
    const lines = '# ours\n! theirs\n\nsocket.timeout.ms = 5000\nclient.rack=a=b\nsasl.password=from the file\n';
    const connection = connectionOf({
      ...sasl,
      KAFKA_CONFIG_FILE: fileWith(lines),
      KAFKA_SOCKET_TIMEOUT_MS: '7000',
      KAFKA_SASL_USERNAME: 'app',
    });
    assert.equal(settingsFor(connection, 'all'), { 'socket.timeout.ms': '7000', 'client.rack': 'a=b' });
    assert.equal(connection.sasl, { mechanism: 'SCRAM-SHA-256', username: 'app', password: 'from the file' });
  });

  test('may come whole from the file: how to be let in, too', () => {
    const lines =
      'security.protocol=SASL_SSL\nsasl.mechanism=PLAIN\nsasl.username=app\nsasl.password=p\nssl.ca.location=/ca';
    assert.equal(connectionOf({ ...brokers, KAFKA_CONFIG_FILE: fileWith(lines) }), {
      brokers: 'a:1',
      securityProtocol: 'sasl_ssl',
      sslCaLocation: '/ca',
      sasl: { mechanism: 'PLAIN', username: 'app', password: 'p' },
    });
  });

  const broken = [
    ...['acks', 'request.required.acks', 'enable.idempotence', 'enable.gapless.guarantee', 'partitioner'],
    ...['message.timeout.ms', 'delivery.timeout.ms', 'retries', 'message.send.max.retries', 'transactional.id'],
    ...[
      'max.in.flight',
      'max.in.flight.requests.per.connection',
      'message.max.bytes',
      'dr_cb',
      'delivery.report.only.error',
    ],
    ...['enable.auto.commit', 'auto.commit.enable', 'enable.auto.offset.store', 'auto.offset.reset', 'isolation.level'],
    ...['group.id', 'group.instance.id', 'group.protocol', 'partition.assignment.strategy', 'enable.partition.eof'],
    ...['bootstrap.servers', 'metadata.broker.list', 'allow.auto.create.topics', 'plugin.library.paths', 'check.crcs'],
    ...['enable.ssl.certificate.verification', 'oauthbearer_token_refresh_cb', 'ssl_ca', 'partitioner_cb', 'log_level'],
  ];
  for (const name of broken) {
    test(`${name} is refused by name, as a variable and in the file, for it would break a promise`, () => {
      const variable = variableOf(name);
      assert.match(refusal({ ...brokers, [variable]: '1' }), new RegExp(`^${variable} can't be set: .{20}`));
      const inFile = refusal({ ...brokers, KAFKA_CONFIG_FILE: fileWith(`client.rack=a\n${name}=1\n`) });
      assert.match(inFile, new RegExp(`^KAFKA_CONFIG_FILE, line 2: '${name}' can't be set: .{20}`));
    });
  }

  test('brokers may have IPv6 addresses, and passwords may be numbers', () => {
    const servers = '[::1]:65535,b.example:9092';
    const given = { KAFKA_BROKERS: servers, KAFKA_SECURITY_PROTOCOL: 'sasl_ssl', KAFKA_SASL_USERNAME: '99999999999' };
    const { kafka } = readConfiguration({ ...given, KAFKA_SASL_PASSWORD: '99999999999', KAFKA_LINGER_MS: '10000' });
    assert.is(kafka?.brokers, servers);
    assert.is(kafka?.sasl?.password, '99999999999');
  });

  const refused: ReadonlyArray<readonly [string, Environment, RegExp]> = [
    [
      'an unknown name',
      { ...brokers, KAFKA_SOKET_TIMEOUT_MS: '1' },
      /^KAFKA_SOKET_TIMEOUT_MS is no setting of the Kafka client; the nearest is KAFKA_SOCKET_TIMEOUT_MS$/,
    ],
    [
      'an unknown name without a neighbour',
      { ...brokers, KAFKA_QQQQQQQQ: '1' },
      /^KAFKA_QQQQQQQQ is no setting.*client$/,
    ],
    ['a misspelt KAFKA_BROKERS', { KAFKA_BROKER: 'a:1' }, /^KAFKA_BROKER is no setting.*the nearest is KAFKA_BROKERS$/],
    [
      'a setting without brokers',
      { KAFKA_SOCKET_TIMEOUT_MS: '1000' },
      /^KAFKA_SOCKET_TIMEOUT_MS.*KAFKA_BROKERS is not/,
    ],
    [
      'one setting under two names',
      { ...brokers, KAFKA_LINGER_MS: '1', KAFKA_QUEUE_BUFFERING_MAX_MS: '2' },
      /^KAFKA_LINGER_MS and KAFKA_QUEUE_BUFFERING_MAX_MS set the same/,
    ],
    [
      'a number that the client would wrap around',
      { ...brokers, KAFKA_SOCKET_TIMEOUT_MS: '4294968296' },
      /^KAFKA_SOCKET_TIMEOUT_MS is 4294968296, and the Kafka client accepts at most 2147483647$/,
    ],
    [
      'the same in hexadecimal',
      { ...brokers, KAFKA_SOCKET_TIMEOUT_MS: '0x1000003e8' },
      /^KAFKA_SOCKET_TIMEOUT_MS is 0x1000003e8, and/,
    ],
    [
      'a wait that the watch takes for a hanging producer',
      { ...brokers, KAFKA_LINGER_MS: '10001' },
      /^KAFKA_LINGER_MS is 10001; it takes up to 10000/,
    ],
    [
      'a wait that the watch takes for a hanging consumer',
      { ...brokers, KAFKA_CONFIG_FILE: fileWith('fetch.wait.max.ms=300000\n') },
      /^KAFKA_CONFIG_FILE, line 1: 'fetch.wait.max.ms' is 300000; it takes up to 10000/,
    ],
    ...['a', 'a:0', 'a:65536', 'a:99999', '::1:9092', '[::1]', 'http://a:1', ',', 'a:1,'].map(
      (servers): readonly [string, Environment, RegExp] => [
        `the brokers ${servers}`,
        { KAFKA_BROKERS: servers },
        /^KAFKA_BROKERS names '.*'; it takes host:port \(1 to 65535\)/,
      ],
    ),
    [
      'a variable with two lines',
      { ...brokers, KAFKA_CLIENT_RACK: 'a\nb' },
      /^KAFKA_CLIENT_RACK holds more than one line/,
    ],
    [
      'a password without SASL',
      { ...tls, KAFKA_SASL_PASSWORD: 'p' },
      /^KAFKA_SASL_PASSWORD is set, but.* is ssl.*sasl_ssl$/,
    ],
    [
      'an authority without TLS',
      { ...brokers, KAFKA_SSL_CA_LOCATION: '/ca' },
      /^KAFKA_SSL_CA_LOCATION is set, but KAFKA_SECURITY_PROTOCOL is plaintext.*ssl or sasl_ssl$/,
    ],
    [
      'a certificate without its key',
      { ...tls, KAFKA_SSL_CERTIFICATE_LOCATION: '/c' },
      /^KAFKA_SSL_CERTIFICATE_LOCATION is set, but KAFKA_SSL_KEY_LOCATION is not/,
    ],
    [
      'a key without its certificate',
      { ...tls, KAFKA_SSL_KEY_LOCATION: '/k' },
      /but KAFKA_SSL_CERTIFICATE_LOCATION is not/,
    ],
    [
      'a keystore without a password',
      { ...tls, KAFKA_SSL_KEYSTORE_LOCATION: '/s' },
      /KAFKA_SSL_KEYSTORE_PASSWORD is not/,
    ],
    [
      'two certificates',
      {
        ...tls,
        KAFKA_SSL_KEYSTORE_LOCATION: '/s',
        KAFKA_SSL_KEYSTORE_PASSWORD: 'p',
        KAFKA_SSL_CERTIFICATE_LOCATION: '/c',
        KAFKA_SSL_KEY_LOCATION: '/k',
      },
      /a client uses one/,
    ],
    [
      'tokens without an endpoint',
      { ...sasl, KAFKA_SASL_MECHANISM: 'OAUTHBEARER' },
      /set KAFKA_SASL_OAUTHBEARER_TOKEN_EN/,
    ],
    [
      'an endpoint that would carry the secret in the clear',
      { ...oauth, KAFKA_SASL_OAUTHBEARER_TOKEN_ENDPOINT_URL: 'http://login.example/token' },
      /for everybody to read: it takes https/,
    ],
    ['an endpoint for a password', { ...oauth, KAFKA_SASL_MECHANISM: 'PLAIN' }, /set it to OAUTHBEARER$/],
    [
      'a password for a token',
      { ...oauth, KAFKA_SASL_PASSWORD: 'p' },
      /^KAFKA_SASL_PASSWORD is set.*uses a token instead/,
    ],
    [
      'a grant that asks for more than a secret',
      { ...oauth, KAFKA_SASL_OAUTHBEARER_GRANT_TYPE: 'jwt-bearer' },
      /it takes client_credentials$/,
    ],
  ];
  for (const [what, environment, message] of refused) {
    test(`refuses ${what}, and says which`, () => {
      assert.match(refusal(environment), message);
    });
  }

  test('in a file that cannot be read as one is refused with its line, which is not repeated', () => {
    const read = (content: string): string => refusal({ ...brokers, KAFKA_CONFIG_FILE: fileWith(content) });
    assert.is(read('client.rack=a\nthe-secret-itself\n'), 'KAFKA_CONFIG_FILE, line 2: it is not <name>=<value>');
    assert.match(
      read('sokcet.timeout.ms=1'),
      /line 1: 'sokcet.timeout.ms' is not a setting.*nearest is socket.timeout.ms$/,
    );
    assert.match(read('linger.ms='), /line 1: 'linger.ms' has no value$/);
    assert.match(
      read('linger.ms=1\nlinger.ms=2'),
      /line 1: 'linger.ms' and KAFKA_CONFIG_FILE, line 2: 'linger.ms' set the/,
    );
    assert.match(refusal({ ...brokers, KAFKA_CONFIG_FILE: join(folder, 'missing') }), /can't be read: ENOENT/);
  });

  test('is not what Kubernetes and the tools of Kafka call by such names', () => {
    const foreign = { KAFKA_SERVICE_HOST: '10.0.0.1', KAFKA_PORT: 'tcp://10.0.0.1:9092', KAFKA_HEAP_OPTS: '-Xmx1g' };
    const ports = {
      KAFKA_PORT_9092_TCP_ADDR: '10.0.0.1',
      KAFKA_BOOTSTRAP_SERVICE_PORT_CLIENTS: '9092',
      KAFKA_HOME: '/k',
    };
    assert.equal(readConfiguration({ ...foreign, ...ports }), readConfiguration({}));
  });

  test('with a token names where it comes from', () => {
    assert.equal(connectionOf({ ...oauth, KAFKA_SASL_OAUTHBEARER_EXTENSIONS: 'logicalCluster=c1, pool=p=1' }).oauth, {
      _tag: 'TokenEndpoint',
      url: 'https://login.example/token',
      clientId: 'tidemark',
      clientSecret: 'secret',
      extensions: { logicalCluster: 'c1', pool: 'p=1' },
    });
  });

  test('is known by the name that this build of the client gives it', () => {
    const types = readFileSync(require.resolve('@confluentinc/kafka-javascript/types/config.d.ts'), 'utf8');
    const declared = [...types.matchAll(/^ +"([^"]+)"\?:/gm)].map((match) => match[1] ?? '');
    assert.ok(declared.length > 190);
    assert.equal([...new Set(settingNames)].sort(), [...new Set(declared)].sort());
  });
});
