/** Lines that the Kafka client logs, and what they mean: whose fault it is, and what to set. */
import * as assert from 'uvu/assert';
import type { Clock } from '../../../infra/clock';
import { systemClock } from '../../../infra/clock';
import type { KafkaConnection } from '../../../infra/configuration';
import { errorCodes, KafkaError } from '../../../infra/kafka/client-errors';
import { failureOf } from '../../../infra/kafka/connection-failures';
import { connectionTrouble } from '../../../infra/kafka/connection-trouble';
import { silentLogger } from '../../../infra/logger';
import { spec } from '../../spec';
import { failureOf as rejectionOf } from './log-fixture';

const sasl: KafkaConnection = {
  brokers: 'k1:9093',
  securityProtocol: 'sasl_ssl',
  sasl: { mechanism: 'SCRAM-SHA-512', username: 'app', password: 'the-password' },
};
const thread = '[thrd:sasl_ssl://k1:9093/bootstrap]: ';

spec('a failed connection', ({ test }) => {
  const lines: ReadonlyArray<readonly [string, string, boolean]> = [
    [
      `${thread}sasl_ssl://k1:9093/bootstrap: SASL authentication error: Authentication failed (after 300ms in state AUTH_REQ, 5 identical error(s) suppressed)`,
      "authentication failed: the user 'app' was refused by k1:9093 (SASL SCRAM-SHA-512): Authentication failed; look at KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD",
      true,
    ],
    [
      '[thrd:GroupCoordinator]: GroupCoordinator: k1:9093: SASL authentication error: Denied (after 2ms in state AUTH_REQ)',
      "authentication failed: the user 'app' was refused by k1:9093 (SASL SCRAM-SHA-512): Denied; look at KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD",
      true,
    ],
    [
      `${thread}sasl_ssl://[::1]:9093/1: Connect to ipv6#[::1]:9093 failed: Connection refused (after 0ms in state CONNECT)`,
      '[::1]:9093: Connect to ipv6#[::1]:9093 failed: Connection refused',
      false,
    ],
    [
      `${thread}sasl_ssl://k1:9093/bootstrap: Failed to resolve 'k1:9093': Name or service not known (after 3ms in state CONNECT)`,
      "k1:9093: Failed to resolve 'k1:9093': Name or service not known",
      false,
    ],
    [
      `${thread}sasl_ssl://k1:9093/2: Disconnected: connection closed by peer (after 90000ms in state UP)`,
      'k1:9093: Disconnected: connection closed by peer',
      false,
    ],
  ];
  for (const [line, reason, needsPerson] of lines) {
    test(`is told as '${reason.slice(0, 60)}'`, () => {
      const failure = failureOf(line, sasl);
      assert.is(failure?.reason, reason);
      assert.is(failure?.needsPerson, needsPerson);
    });
  }

  test('names the client certificate that was refused by its variable, whatever it stands in', () => {
    const line = `${thread}ssl://k1:9093/bootstrap: SSL handshake failed: tlsv1 alert unknown ca (after 5ms in state SSL_HANDSHAKE)`;
    const refused = (settings: Readonly<Record<string, string>>): string =>
      failureOf(line, { brokers: 'k1:9093', securityProtocol: 'ssl', settings })?.reason ?? '';
    assert.match(refused({}), /k1:9093 asks for a client certificate \(unknown ca\)/);
    assert.match(
      refused({ 'ssl.certificate.location': '/gone.pem' }),
      "'/gone.pem' (KAFKA_SSL_CERTIFICATE_LOCATION) (",
    );
    assert.match(refused({ 'ssl.keystore.location': '/a.p12' }), "'/a.p12' (KAFKA_SSL_KEYSTORE_LOCATION) (unknown ca)");
    const inText = refused({ 'ssl.certificate.pem': 'no certificate' });
    assert.match(inText, 'client certificate KAFKA_SSL_CERTIFICATE_PEM (unknown ca)');
    assert.not.match(inText, 'no certificate');
  });

  test('is none where a line tells of something else, or follows a refusal', () => {
    const noise = `${thread}sasl_ssl://k1:9093/1: SASL SCRAM-SHA-512 mechanism handshake failed: Broker: Request not valid in current SASL state: broker's supported mechanisms:  (after 0ms in state AUTH_HANDSHAKE)`;
    for (const line of ['[thrd:app]: Configuration property x is experimental', noise, '']) {
      assert.is(failureOf(line, sasl), undefined);
    }
  });

  test('explains a call that reached nobody, for a minute, until another one has', async () => {
    let nowMs = 0;
    const clock: Clock = { ...systemClock, monotonicMs: () => nowMs };
    const trouble = connectionTrouble({ connection: sasl, clock, logger: silentLogger });
    const failing = (code: number) => async () => Promise.reject(new KafkaError(code, 'ask: timed out'));
    const said = async (code: number): Promise<string> => (await rejectionOf(trouble.explain(failing(code)))).message;
    const note = (): void => trouble.note('admin', { fac: 'FAIL', message: lines[0]?.[0] ?? '' });
    note();
    assert.match(await said(errorCodes.ERR__TIMED_OUT), /^ask: timed out: authentication failed: /);
    assert.is(await said(errorCodes.ERR_TOPIC_ALREADY_EXISTS), 'ask: timed out');
    nowMs += 60_000;
    assert.is(await said(errorCodes.ERR__TIMED_OUT), 'ask: timed out');
    note();
    assert.is(await trouble.explain(async () => Promise.resolve('answer')), 'answer');
    assert.is(trouble.current(), undefined);
    assert.is(await said(errorCodes.ERR__TRANSPORT), 'ask: timed out');
  });

  test('is logged once a minute, however often and by however many clients it is met', () => {
    let nowMs = 0;
    let told = 0;
    const clock: Clock = { ...systemClock, monotonicMs: () => nowMs };
    const logger = { ...silentLogger, warn: () => void (told += 1) };
    const trouble = connectionTrouble({ connection: sasl, clock, logger });
    for (let turn = 0; turn < 50; turn += 1) {
      for (const [message] of lines) trouble.note(`client ${turn % 4}`, { fac: 'FAIL', message });
      nowMs += 1_000;
    }
    assert.is(told, 2);
  });
});
