/** Every setting: its default, what it takes, and what is said of what it doesn't take. */
import { resolve } from 'node:path';
import * as assert from 'uvu/assert';
import { ConfigurationError, freezesInputs, readConfiguration, type Configuration } from '../../infra/configuration';
import { spec } from '../spec';

type Environment = Readonly<Record<string, string>>;

spec('the configuration', ({ test }) => {
  test('of an empty environment is complete', () => {
    assert.equal(readConfiguration({}), {
      host: '127.0.0.1',
      port: 8_080,
      dataDirectory: resolve('data'),
      topicPrefix: '',
      heartbeats: true,
      cloudEventsMode: 'structured',
      logLevel: 'info',
      acceptNewLog: false,
      apiKeys: [],
      allowedHosts: ['127.0.0.1'],
      baseUrl: 'http://127.0.0.1:8080',
      schemaBaseUrl: 'http://127.0.0.1:8080/schemas',
      writeVersions: new Map(),
      contractDrift: 'refuse',
      rateLimitPerSecond: 0,
      bodyLimitBytes: 524_288,
      appendQueueLimit: 10_000,
      leaseTtlMs: 5_000,
      shutdownDeadlineMs: 15_000,
      effectsDryRun: [],
      idempotencyTtlMs: 604_800_000,
    });
  });

  test('serves metrics and health where OPS_PORT says, on this machine unless OPS_HOST says more', () => {
    assert.equal(readConfiguration({ OPS_PORT: '9100' }).ops, { host: '127.0.0.1', port: 9_100 });
    assert.equal(readConfiguration({ OPS_PORT: '9100', OPS_HOST: '10.0.0.1' }).ops, { host: '10.0.0.1', port: 9_100 });
    assert.throws(() => readConfiguration({ OPS_HOST: '10.0.0.1' }), /OPS_HOST is set and OPS_PORT is not/);
    assert.throws(() => readConfiguration({ OPS_PORT: '0' }), /OPS_PORT is '0'; it takes an integer from 1 to 65535/);
  });

  test('freezes the inputs of pure code where FREEZE_INPUTS says so, else under development alone', () => {
    assert.is(freezesInputs({}), false);
    assert.is(freezesInputs({ NODE_ENV: 'production' }), false);
    assert.is(freezesInputs({ NODE_ENV: 'development' }), true);
    assert.is(freezesInputs({ NODE_ENV: 'development', FREEZE_INPUTS: 'false' }), false);
    assert.is(freezesInputs({ FREEZE_INPUTS: 'true' }), true);
    assert.throws(() => freezesInputs({ FREEZE_INPUTS: 'yes' }), /FREEZE_INPUTS is 'yes'; it takes one of true, false/);
  });

  test('takes an empty setting for one that is not set', () => {
    const names = [
      ...['HOST', 'PORT', 'DATA_DIR', 'KAFKA_BROKERS', 'KAFKA_TOPIC_PREFIX', 'CLOUDEVENTS_MODE', 'ACCEPT_NEW_LOG'],
      ...['API_KEYS', 'API_KEY', 'BASE_URL', 'SCHEMA_BASE_URL', 'RATE_LIMIT_PER_SECOND', 'BODY_LIMIT_BYTES'],
      ...[
        'APPEND_QUEUE_LIMIT',
        'LEASE_TTL_MS',
        'SHUTDOWN_DEADLINE_MS',
        'ORDERS_DIR',
        'WRITE_VERSIONS',
        'IDEMPOTENCY_TTL_MS',
        'CONTRACT_DRIFT',
        'EVENT_SOURCE',
      ],
    ];
    assert.equal(readConfiguration(Object.fromEntries(names.map((name) => [name, '']))), readConfiguration({}));
  });

  const taken: ReadonlyArray<readonly [Environment, Partial<Configuration>]> = [
    [{ PORT: '9000' }, { port: 9_000, baseUrl: 'http://127.0.0.1:9000' }],
    [
      { HOST: '0.0.0.0' },
      { host: '0.0.0.0', allowedHosts: ['0.0.0.0', '127.0.0.1'], baseUrl: 'http://127.0.0.1:8080' },
    ],
    [{ HOST: '::' }, { host: '::', allowedHosts: ['::', '127.0.0.1'], baseUrl: 'http://127.0.0.1:8080' }],
    [{ HOST: '[::]' }, { host: '::', allowedHosts: ['::', '127.0.0.1'], baseUrl: 'http://127.0.0.1:8080' }],
    [{ HOST: '0::0' }, { host: '0::0', allowedHosts: ['0::0', '127.0.0.1'], baseUrl: 'http://127.0.0.1:8080' }],
    [{ HOST: '[::1]' }, { host: '::1', allowedHosts: ['::1'], baseUrl: 'http://[::1]:8080' }],
    [
      { HOST: 'Api-1.shop_a.example' },
      {
        host: 'Api-1.shop_a.example',
        allowedHosts: ['api-1.shop_a.example'],
        baseUrl: 'http://Api-1.shop_a.example:8080',
      },
    ],
    [
      { HOST: 'fe80::1%eth0', BASE_URL: 'http://shop' },
      { host: 'fe80::1%eth0', allowedHosts: ['fe80::1%eth0', 'shop'], baseUrl: 'http://shop' },
    ],
    [{ HOST: '::1' }, { host: '::1', allowedHosts: ['::1'], baseUrl: 'http://[::1]:8080' }],
    [{ HOST: '192.0.2.7' }, { host: '192.0.2.7', allowedHosts: ['192.0.2.7'], baseUrl: 'http://192.0.2.7:8080' }],
    [
      { BASE_URL: 'https://shop.example/api/' },
      {
        baseUrl: 'https://shop.example/api',
        allowedHosts: ['127.0.0.1', 'shop.example'],
        schemaBaseUrl: 'https://shop.example/api/schemas',
      },
    ],
    [{ ALLOWED_HOSTS: 'api, Shop.Example' }, { allowedHosts: ['127.0.0.1', 'api', 'shop.example'] }],
    [{ ALLOWED_HOSTS: '*' }, { allowedHosts: ['127.0.0.1', '*'] }],
    [{ SCHEMA_BASE_URL: 'https://schemas.example/' }, { schemaBaseUrl: 'https://schemas.example' }],
    [{ DATA_DIR: '/var/lib/tidemark' }, { dataDirectory: '/var/lib/tidemark' }],
    [{ DATA_DIR: 'here' }, { dataDirectory: resolve('here') }],
    [{ ORDERS_DIR: 'orders' }, { ordersDirectory: resolve('orders') }],
    [{ KAFKA_TOPIC_PREFIX: 'shop.test_1-' }, { topicPrefix: 'shop.test_1-' }],
    [{ EVENT_SOURCE: 'https://shop.example/o?a=%20#x' }, { eventSource: 'https://shop.example/o?a=%20#x' }],
    [{ EVENT_SOURCE: '/shop' }, { eventSource: '/shop' }],
    [{ CLOUDEVENTS_MODE: 'Binary' }, { cloudEventsMode: 'binary' }],
    [{ ACCEPT_NEW_LOG: 'true' }, { acceptNewLog: true }],
    [{ API_KEY: 'secret' }, { apiKey: 'secret' }],
    [
      { WRITE_VERSIONS: 'PaymentAuthorised=1, StockReceived=2' },
      {
        writeVersions: new Map([
          ['PaymentAuthorised', 1],
          ['StockReceived', 2],
        ]),
      },
    ],
    [
      { API_KEYS: 'shop:client:shop-secret:of-16, ops:operator:ops-secret-of-16' },
      {
        apiKeys: [
          { name: 'shop', role: 'client', key: 'shop-secret:of-16' },
          { name: 'ops', role: 'operator', key: 'ops-secret-of-16' },
        ],
      },
    ],
    [{ KAFKA_BROKERS: 'a:1, b:2' }, { kafka: { brokers: 'a:1,b:2', securityProtocol: 'plaintext' } }],
    [
      { KAFKA_BROKERS: 'a:1', KAFKA_SECURITY_PROTOCOL: 'SSL', KAFKA_SSL_CA_LOCATION: '/ca.pem' },
      { kafka: { brokers: 'a:1', securityProtocol: 'ssl', sslCaLocation: '/ca.pem' } },
    ],
    [
      {
        KAFKA_BROKERS: 'a:1',
        KAFKA_SECURITY_PROTOCOL: 'sasl_ssl',
        KAFKA_SASL_USERNAME: 'app',
        KAFKA_SASL_PASSWORD: 'p',
      },
      {
        kafka: {
          brokers: 'a:1',
          securityProtocol: 'sasl_ssl',
          sasl: { mechanism: 'SCRAM-SHA-256', username: 'app', password: 'p' },
        },
      },
    ],
  ];
  for (const [environment, expected] of taken) {
    test(`takes ${JSON.stringify(environment)}`, () => {
      const otherwise = readConfiguration({});
      const schemaBaseUrl = `${expected.baseUrl ?? otherwise.baseUrl}/schemas`;
      assert.equal(readConfiguration(environment), { ...otherwise, schemaBaseUrl, ...expected });
    });
  }

  const bounds: ReadonlyArray<readonly [string, keyof Configuration, number, number]> = [
    ['PORT', 'port', 1, 65_535],
    ['RATE_LIMIT_PER_SECOND', 'rateLimitPerSecond', 0, 1_000_000],
    ['BODY_LIMIT_BYTES', 'bodyLimitBytes', 1_024, 900_000],
    ['APPEND_QUEUE_LIMIT', 'appendQueueLimit', 1, 1_000_000],
    ['LEASE_TTL_MS', 'leaseTtlMs', 300, 600_000],
    ['SHUTDOWN_DEADLINE_MS', 'shutdownDeadlineMs', 100, 600_000],
  ];
  for (const [name, setting, least, most] of bounds) {
    test(`takes integers from ${least} to ${most} for ${name}, and nothing else`, () => {
      for (const value of [least, most]) assert.is(readConfiguration({ [name]: String(value) })[setting], value);
      for (const value of [least - 1, most + 1, 'many', '1.5', '-1', '1e3', '0x400', ' 400']) {
        const sentence = `${name} is '${value}'; it takes an integer from ${least} to ${most}`;
        assert.is(refusal({ [name]: String(value) }), sentence);
      }
    });
  }

  const refused: ReadonlyArray<readonly [Environment, RegExp]> = [
    [{ HOST: 'fe80::1%eth0' }, /^HOST is 'fe80::1%eth0': .* set BASE_URL/],
    [{ CLOUDEVENTS_MODE: 'xml' }, /^CLOUDEVENTS_MODE is 'xml'; it takes one of structured, binary$/],
    [{ ACCEPT_NEW_LOG: 'yes' }, /^ACCEPT_NEW_LOG is 'yes'; it takes one of true, false$/],
    [{ KAFKA_TOPIC_PREFIX: 'a b' }, /^KAFKA_TOPIC_PREFIX is 'a b'; it takes up to 100 of/],
    [{ KAFKA_TOPIC_PREFIX: 'a'.repeat(101) }, /^KAFKA_TOPIC_PREFIX/],
    [{ EVENT_SOURCE: 'a shop' }, /^EVENT_SOURCE is 'a shop'; it takes a URI reference/],
    [{ EVENT_SOURCE: 'http://[' }, /^EVENT_SOURCE/],
    [{ EVENT_SOURCE: '/a%zz' }, /^EVENT_SOURCE/],
    [{ BASE_URL: 'localhost:8080' }, /^BASE_URL is 'localhost:8080'; it takes a URL such as/],
    [{ BASE_URL: 'http://' }, /^BASE_URL/],
    [{ BASE_URL: 'http://shop?a=1' }, /^BASE_URL/],
    [{ SCHEMA_BASE_URL: 'ftp://schemas' }, /^SCHEMA_BASE_URL is 'ftp:\/\/schemas'/],
    [{ KAFKA_BROKERS: 'localhost' }, /^KAFKA_BROKERS names 'localhost'; it takes host:port/],
    [{ KAFKA_BROKERS: 'a:1,' }, /^KAFKA_BROKERS names ''/],
    [{ KAFKA_BROKERS: 'a:1', KAFKA_SECURITY_PROTOCOL: 'tls' }, /^KAFKA_SECURITY_PROTOCOL is 'tls'; it takes one of/],
    [
      { KAFKA_BROKERS: 'a:1', KAFKA_SECURITY_PROTOCOL: 'sasl_plaintext', KAFKA_SASL_USERNAME: 'app' },
      /set KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD$/,
    ],
  ];
  for (const host of [
    ...[
      '[]',
      '[',
      ']',
      '[::',
      '::]',
      '[[::]]',
      '[127.0.0.1]',
      '[localhost]',
      '[::1]:80',
      '127.0.0.1:80',
      'localhost:80',
    ],
    ...[
      ' ',
      'a b',
      '*',
      'http://localhost',
      'a/b',
      'a@b',
      'a..b',
      '.a',
      '-a',
      '999.1.1.1',
      '1.2.3',
      '127',
      '0x7f.1',
      ':::',
    ],
    ...['é', 'a'.repeat(254), '\u0000'],
  ]) {
    test(`refuses ${JSON.stringify(host).slice(0, 40)} as HOST with a sentence`, () => {
      assert.is(
        refusal({ HOST: host }),
        `HOST is '${host}'; it takes an address of this machine, such as 127.0.0.1, ::1 or 0.0.0.0, or a name of it, without a port`,
      );
    });
  }

  for (const [environment, message] of refused) {
    test(`refuses ${JSON.stringify(environment).slice(0, 80)} with a sentence`, () => {
      assert.match(refusal(environment), message);
    });
  }

  for (const entry of ['secret', 'shop:client', 'shop:client:', ':client:secret', 'shop:chef:secret', '']) {
    test(`refuses the API key entry '${entry}' without repeating the secret`, () => {
      const message = refusal({ API_KEYS: `ok:client:fine-and-long-enough,${entry}` });
      assert.match(message, /^API_KEYS: entry 2 is not <name>:<client\|operator>:<key>/);
      assert.not.match(message, 'secret');
    });
  }
});

const refusal = (environment: Environment): string => {
  try {
    readConfiguration(environment);
  } catch (error) {
    if (error instanceof ConfigurationError) return error.message;
    throw error;
  }
  throw new Error(`${JSON.stringify(environment)} should have been refused`);
};
