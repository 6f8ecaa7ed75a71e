/** The settings of topics: asked over a connection of its own, let in as the Kafka client is, and never waited for without end. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import type { Topic } from '../../../domain/kernel/topic';
import type { ClientSettings } from '../../../infra/kafka/client-settings';
import { freePort } from '../../../infra/kafka/real-broker/free-port';
import { topicConfigs } from '../../../infra/kafka/topic-configs';
import { deadLetterFindings, findingsText, topicFindings } from '../../../infra/kafka/topic-settings';
import { KafkaWriter } from '../../../infra/kafka/wire/kafka-bytes';
import { ownKafka, type OwnKafka } from '../../support/kafka';
import { kafkaSpec, ownKafkaSpec } from '../../support/kafka-spec';
import { eventually } from '../../support/server';
import { alterTopic } from '../../support/topic-settings';
import { spec } from '../../spec';
import { failureOf, logAt, topicNamed } from './log-fixture';

const ask = (settings: ClientSettings, ...topics: ReadonlyArray<string>) => topicConfigs(settings, topics, Date.now);

// -------------------------------------------------------------------------------------
// The rules
// -------------------------------------------------------------------------------------

spec('settings of a topic', ({ test }) => {
  const sound = {
    'cleanup.policy': 'delete',
    'retention.ms': '-1',
    'retention.bytes': '-1',
    'max.message.bytes': '1048588',
    'unclean.leader.election.enable': 'false',
    'message.timestamp.before.max.ms': '9223372036854775807',
    'message.timestamp.after.max.ms': '3600000',
  };
  const findings = (changes: Readonly<Record<string, string>>, declared: Topic = topicNamed('orders')) =>
    topicFindings([declared], new Map([['orders', new Map(Object.entries({ ...sound, ...changes }))]]));
  const told = (changes: Readonly<Record<string, string>>, declared?: Topic) =>
    findings(changes, declared).map(({ setting, loses }) => [setting, loses]);

  test('are fine as the relay makes them, and where nothing is known of them', () => {
    assert.equal(findings({}), []);
    assert.equal(topicFindings([topicNamed('orders')], new Map()), []);
    assert.equal(findings({ 'cleanup.policy': '' }), [], 'Kafka deletes nothing then');
  });

  test('under which records vanish halt, those under which they are refused are told', () => {
    const month = { ...topicNamed('orders'), retention: { ms: 2_592_000_000 } };
    for (const [changes, expected, declared] of [
      [{ 'cleanup.policy': 'compact' }, true],
      [{ 'cleanup.policy': 'compact,delete' }, true],
      [{ 'cleanup.policy': 'delete, compact' }, true],
      [{ 'retention.ms': '604800000' }, true],
      [{ 'retention.ms': '0' }, true],
      [{ 'retention.bytes': '1000000' }, true],
      [{ 'retention.bytes': '0' }, true],
      [{ 'retention.ms': '2591999999' }, true, month],
      [{ 'retention.ms': '2592000001' }, false, month],
      [{ 'retention.ms': '-1' }, false, month],
      [{ 'max.message.bytes': '999999' }, false],
      [{ 'unclean.leader.election.enable': 'true' }, false],
      [{ 'message.timestamp.before.max.ms': '1000' }, false],
      [{ 'message.timestamp.after.max.ms': '1000' }, false],
    ] as const) {
      const all: Readonly<Record<string, string>> =
        declared === undefined ? changes : { 'retention.ms': '2592000000', ...changes };
      assert.equal(told(all, declared), [[Object.keys(changes)[0], expected]], JSON.stringify(changes));
    }
  });

  test('come with the command that sets all of a topic right', () => {
    const text = findingsText(findings({ 'cleanup.policy': 'compact', 'retention.ms': '1000' }), 'broker:9092');
    assert.match(text, /orders: cleanup.policy is compact, declared is delete: of each key only the last record stays/);
    assert.match(text, /orders: retention.ms is 1000, declared is -1: records vanish earlier/);
    assert.match(
      text,
      /kafka-configs.sh --bootstrap-server broker:9092 --alter --entity-type topics --entity-name orders --add-config cleanup.policy=delete,retention.ms=-1$/,
    );
  });

  test('of dead letters are told where a letter would not fit or would be replaced', () => {
    const configs = (changes: Readonly<Record<string, string>>) =>
      new Map([
        ['orders', new Map([['max.message.bytes', '2000000']])],
        ['group.dlt', new Map(Object.entries({ ...sound, ...changes }))],
      ]);
    const settings = (changes: Readonly<Record<string, string>>) =>
      deadLetterFindings('group.dlt', configs(changes)).map(({ setting, loses }) => [setting, loses]);
    assert.equal(settings({ 'max.message.bytes': '2000000' }), []);
    assert.equal(settings({}), [['max.message.bytes', false]]);
    assert.equal(settings({ 'max.message.bytes': '2000000', 'cleanup.policy': 'compact' }), [
      ['cleanup.policy', false],
    ]);
    assert.equal(deadLetterFindings('other.dlt', configs({})), [], 'one that is not there yet');
  });
});

// -------------------------------------------------------------------------------------
// Brokers that are none
// -------------------------------------------------------------------------------------

spec('a broker that cannot be asked for settings', ({ test }) => {
  const withServer = async (onData: (socket: Socket, asked: Buffer) => void, look: (reason: string) => void) => {
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.on('data', (asked: Buffer) => onData(socket, asked));
    });
    const port = await freePort();
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    try {
      const error = await failureOf(ask({ 'bootstrap.servers': `127.0.0.1:${port}` }, 'orders'));
      assert.is(error.name, 'ConfigsUnavailable');
      look(error.message);
    } finally {
      server.close();
    }
  };
  /** An answer to the request's number. */
  const answer = (asked: Buffer, body: Buffer): Buffer => {
    const correlation = asked.readInt32BE(8);
    return new KafkaWriter().bytes(Buffer.concat([new KafkaWriter().int32(correlation).end(), body])).end();
  };

  test('is given up after some seconds where it never answers', () =>
    withServer(
      () => undefined,
      (reason) => assert.match(reason, /did not answer within 5000 ms/),
    ));

  test('is named where nobody listens, where it hangs up, and where it speaks something else', async () => {
    const error = await failureOf(ask({ 'bootstrap.servers': `127.0.0.1:${await freePort()}` }, 'orders'));
    assert.match(error.message, /ECONNREFUSED/);
    await withServer(
      (socket) => socket.end(),
      (reason) => assert.match(reason, /closed the connection/),
    );
    await withServer(
      (socket) => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n'),
      (reason) => assert.match(reason, /no Kafka broker/),
    );
    await withServer(
      (socket, asked) => socket.write(answer(asked, Buffer.alloc(3))),
      (reason) => assert.match(reason, /ends too soon/),
    );
  });

  test('is told apart where it does not allow the question', () =>
    withServer(
      (socket, asked) => {
        const body = new KafkaWriter().int32(0);
        body.list(['orders'], (topic) => {
          body
            .int16(29)
            .int16(-1)
            .int8(2)
            .text(topic)
            .list([], () => undefined);
        });
        socket.write(answer(asked, body.end()));
      },
      (reason) => assert.match(reason, /does not allow this user.*DescribeConfigs of orders/),
    ));

  test('is not asked with what only the Kafka client can do', async () => {
    const settings = { 'bootstrap.servers': '127.0.0.1:1', 'security.protocol': 'sasl_plaintext' };
    for (const mechanism of ['GSSAPI', 'OAUTHBEARER']) {
      const error = await failureOf(ask({ ...settings, 'sasl.mechanisms': mechanism }, 'orders'));
      assert.match(error.message, /only the Kafka client/);
    }
  });
});

// -------------------------------------------------------------------------------------
// Real ones
// -------------------------------------------------------------------------------------

kafkaSpec('the settings of topics on a real broker', ({ test }, broker) => {
  test('are those that the topic was made with and what was changed since; a topic that is not there has none', async () => {
    const log = await logAt(broker.servers);
    const name = `${broker.topicPrefix()}set`;
    try {
      await log.ensureTopics([topicNamed(name)]);
      const before = await log.settings?.([name, `${name}-missing`]);
      assert.equal([...(before?.keys() ?? [])], [name]);
      assert.equal(
        ['cleanup.policy', 'retention.ms', 'retention.bytes'].map((setting) => before?.get(name)?.get(setting)),
        ['delete', '-1', '-1'],
      );
      assert.equal(
        topicFindings([topicNamed(name)], before ?? new Map()),
        [],
        'as the relay makes it, nothing is wrong',
      );
      await alterTopic(broker.servers, name, { 'cleanup.policy': 'compact', 'max.message.bytes': '5000' });
      await eventually('the broker knows the changed settings', async () => {
        const after = await log.settings?.([name]);
        const settings = topicFindings([topicNamed(name)], after ?? new Map()).map(({ setting }) => setting);
        return settings.join() === 'cleanup.policy,max.message.bytes';
      });
    } finally {
      await log.close();
    }
  });
});

const STORE_PASSWORD = 'store-secret';

ownKafkaSpec('the settings of topics behind TLS and a login', ({ test, before, after }) => {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-configs-'));
  const brokers: OwnKafka[] = [];
  let settings: ClientSettings = {};
  const user = { 'sasl.username': 'app', 'sasl.password': 'app-secret' };

  const keytool = (...parameters: ReadonlyArray<string>): void => {
    const { status, stdout, stderr } = spawnSync('keytool', parameters, { encoding: 'utf8' });
    if (status !== 0) throw new Error(`keytool: ${stdout}${stderr}`);
  };

  before(async () => {
    const [keystore, ca] = [join(folder, 'broker.p12'), join(folder, 'ca.pem')];
    const store = ['-keystore', keystore, '-storepass', STORE_PASSWORD, '-storetype', 'PKCS12', '-alias', 'broker'];
    const subject = ['-dname', 'CN=127.0.0.1', '-ext', 'SAN=IP:127.0.0.1', '-validity', '2'];
    keytool('-genkeypair', '-keyalg', 'RSA', '-keysize', '2048', ...store, ...subject);
    keytool('-exportcert', '-rfc', '-file', ca, ...store);
    const port = await freePort();
    const jaas = (mechanism: string, module: string, options = '') => ({
      [`listener.name.sasl_ssl.${mechanism}.sasl.jaas.config`]: `org.apache.kafka.common.security.${module} required ${options};`,
    });
    const tokens = 'oauthbearer.internals.unsecured.OAuthBearerUnsecuredValidatorCallbackHandler';
    brokers.push(
      await ownKafka({
        extraListeners: [{ protocol: 'SASL_SSL', port }],
        properties: {
          'ssl.keystore.type': 'PKCS12',
          'ssl.keystore.location': keystore,
          'ssl.keystore.password': STORE_PASSWORD,
          'ssl.key.password': STORE_PASSWORD,
          'ssl.truststore.type': 'PEM',
          'ssl.truststore.location': ca,
          'listener.name.sasl_ssl.ssl.client.auth': 'requested',
          'sasl.enabled.mechanisms': 'SCRAM-SHA-256,SCRAM-SHA-512,PLAIN,OAUTHBEARER',
          ...jaas('scram-sha-256', 'scram.ScramLoginModule'),
          ...jaas('scram-sha-512', 'scram.ScramLoginModule'),
          ...jaas('plain', 'plain.PlainLoginModule', 'user_app="app-secret"'),
          ...jaas('oauthbearer', 'oauthbearer.OAuthBearerLoginModule', 'unsecuredLoginStringClaim_sub="app"'),
          'listener.name.sasl_ssl.oauthbearer.sasl.server.callback.handler.class': `org.apache.kafka.common.security.${tokens}`,
        },
        formatParameters: ['SCRAM-SHA-256', 'SCRAM-SHA-512'].flatMap((mechanism) => [
          '--add-scram',
          `${mechanism}=[name=app,password=app-secret]`,
        ]),
      }),
    );
    const plain = await logAt(brokers[0]?.servers ?? '');
    await plain.ensureTopics([topicNamed('secret')]);
    await plain.close();
    settings = { 'bootstrap.servers': `127.0.0.1:${port}`, 'security.protocol': 'sasl_ssl', 'ssl.ca.location': ca };
  });
  after(async () => {
    for (const broker of brokers) await broker.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const unsecured = {
    'sasl.mechanisms': 'OAUTHBEARER',
    'enable.sasl.oauthbearer.unsecure.jwt': true,
    'sasl.oauthbearer.config': 'principal=app scope=kafka',
  };
  for (const [what, login] of [
    ['SCRAM-SHA-256', { 'sasl.mechanisms': 'SCRAM-SHA-256', ...user }],
    ['SCRAM-SHA-512', { 'sasl.mechanisms': 'SCRAM-SHA-512', ...user }],
    ['PLAIN', { 'sasl.mechanisms': 'PLAIN', ...user }],
    ['OAUTHBEARER', unsecured],
  ] as const) {
    test(
      `are handed out to whoever is let in by ${what}`,
      async () => {
        const configs = await ask({ ...settings, ...login }, 'secret');
        assert.is(configs.get('secret')?.get('retention.ms'), '-1');
      },
      { timeoutMs: 60_000 },
    );
  }

  for (const [what, login, reason] of [
    ['a wrong password', { 'sasl.mechanisms': 'SCRAM-SHA-256', 'sasl.password': 'guessed' }, /refused the login/],
    ['a wrong plain password', { 'sasl.mechanisms': 'PLAIN', 'sasl.password': 'guessed' }, /refused the login/],
    [
      'no trust in its authority',
      { 'sasl.mechanisms': 'PLAIN', 'ssl.ca.location': 'probe' },
      /self-signed certificate/,
    ],
  ] as const) {
    test(
      `are kept from whoever comes with ${what}`,
      async () => {
        let message = '';
        // On a machine that is busy the first answer may take too long.
        for (let attempt = 0; attempt < 5 && !reason.test(message); attempt += 1) {
          const error = await failureOf(ask({ ...settings, ...user, ...login }, 'secret'));
          assert.is(error.name, 'ConfigsUnavailable');
          message = error.message;
        }
        assert.match(message, reason);
      },
      { timeoutMs: 60_000 },
    );
  }
});
