/** TLS and SCRAM, on a broker of this file's own that asks for both. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { systemClock } from '../../../infra/clock';
import type { KafkaConnection } from '../../../infra/configuration';
import { openLog } from '../../../infra/kafka/open-log';
import { freePort } from '../../../infra/kafka/real-broker/free-port';
import { silentLogger, type Logger } from '../../../infra/logger';
import { ownKafka, type OwnKafka } from '../../support/kafka';
import { ownKafkaSpec } from '../../support/kafka-spec';
import { eventually } from '../../support/server';
import { deliver, failureOf, fromZero, pollUntil, recordOf, topicNamed, withConsumer } from './log-fixture';

const PASSWORD = 'store-secret';
const user = { username: 'app', password: 'app-secret' };

const keytool = (...parameters: ReadonlyArray<string>): void => {
  const { status, stdout, stderr, error } = spawnSync('keytool', parameters, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`keytool: ${error?.message ?? stdout + stderr}`);
};

/** A key for 127.0.0.1 that signs itself, and its certificate for the clients. */
const makeCertificate = (folder: string): { readonly keystore: string; readonly ca: string } => {
  const keystore = join(folder, 'broker.p12');
  const ca = join(folder, 'ca.pem');
  const store = ['-keystore', keystore, '-storepass', PASSWORD, '-storetype', 'PKCS12', '-alias', 'broker'];
  const subject = ['-dname', 'CN=127.0.0.1', '-ext', 'SAN=IP:127.0.0.1', '-validity', '2'];
  keytool('-genkeypair', '-keyalg', 'RSA', '-keysize', '2048', ...store, ...subject);
  keytool('-exportcert', '-rfc', '-file', ca, ...store);
  return { keystore, ca };
};

ownKafkaSpec('a cluster that asks for TLS and a password', ({ test, before, after }) => {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-tls-'));
  const brokers: OwnKafka[] = [];
  let connection: KafkaConnection;

  const open = async (changes: Partial<KafkaConnection>, logger: Logger = silentLogger) =>
    openLog({ configuration: { kafka: { ...connection, ...changes } }, clock: systemClock, logger });

  before(async () => {
    const { keystore, ca } = makeCertificate(folder);
    const port = await freePort();
    const jaas = 'org.apache.kafka.common.security.scram.ScramLoginModule required;';
    brokers.push(
      await ownKafka({
        extraListeners: [{ protocol: 'SASL_SSL', port }],
        properties: {
          'ssl.keystore.type': 'PKCS12',
          'ssl.keystore.location': keystore,
          'ssl.keystore.password': PASSWORD,
          'ssl.key.password': PASSWORD,
          'sasl.enabled.mechanisms': 'SCRAM-SHA-256',
          'listener.name.sasl_ssl.scram-sha-256.sasl.jaas.config': jaas,
        },
        formatParameters: ['--add-scram', `SCRAM-SHA-256=[name=${user.username},password=${user.password}]`],
      }),
    );
    connection = {
      brokers: `127.0.0.1:${port}`,
      securityProtocol: 'sasl_ssl',
      sslCaLocation: ca,
      sasl: { mechanism: 'SCRAM-SHA-256', ...user },
    };
  });
  after(async () => {
    for (const broker of brokers) await broker.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test(
    'takes and hands out records, encrypted, from who has the password',
    async () => {
      const log = await open({});
      await log.ensureTopics([topicNamed('secret')]);
      await deliver(log, [recordOf('secret', 1)]);
      const [record] = await withConsumer(log, async (consumer) => {
        consumer.assign(fromZero('secret'));
        return pollUntil(consumer, 1);
      });
      await log.close();
      assert.is(String(record?.key), 'key-1');
    },
    { timeoutMs: 60_000 },
  );

  for (const [what, changes] of [
    ['a wrong password', { sasl: { mechanism: 'SCRAM-SHA-256', username: 'app', password: 'guessed' } }],
    ["nobody's certificate", { sslCaLocation: '/etc/ssl/certs/ca-certificates.crt' }],
  ] as const) {
    test(
      `keeps out ${what}, and the log says why`,
      async () => {
        const lines: unknown[] = [];
        const logger = { ...silentLogger, warn: (fields: unknown) => void lines.push(fields) };
        const log = await open(changes, logger);
        await failureOf(log.describe(['secret']));
        await eventually('the reason is logged', async () =>
          Promise.resolve(/authentication|ssl/i.test(JSON.stringify(lines))),
        );
        await log.close();
      },
      { timeoutMs: 60_000 },
    );
  }
});
