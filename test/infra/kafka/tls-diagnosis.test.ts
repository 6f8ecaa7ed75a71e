/** What is wrong with a broker's certificate: asked of a server that speaks TLS and nothing else. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer, type Server } from 'node:tls';
import * as assert from 'uvu/assert';
import { systemClock } from '../../../infra/clock';
import { openLog } from '../../../infra/broker/open-log';
import { diagnoseTls } from '../../../infra/kafka/tls-diagnosis';
import { silentLogger } from '../../../infra/logger';
import { specUnless } from '../../support/kafka-spec';
import { eventually } from '../../support/server';
import { authorityIn, whyNoCertificates, type Authority, type CertificateFiles } from './certificates';

specUnless(whyNoCertificates(), "a broker's certificate", ({ test, before, after }) => {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-diagnosis-'));
  const servers: Server[] = [];
  let authority: Authority;
  before(() => {
    authority = authorityIn(folder, 'some-authority');
  });
  after(() => {
    for (const server of servers) server.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const serverWith = async ({ certificate, key }: CertificateFiles): Promise<string> => {
    const server = createServer({ cert: readFileSync(certificate), key: readFileSync(key) }, (socket) => socket.end());
    server.on('tlsClientError', () => undefined);
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `127.0.0.1:${(server.address() as AddressInfo).port}`;
  };
  const connectionTo = (brokers: string, sslCaLocation = authority.file) =>
    ({ brokers, securityProtocol: 'ssl', sslCaLocation }) as const;

  test('that has expired is named with its last day, by whoever waits for the broker too', async () => {
    const address = await serverWith(authority.issue('old', 'subjectAltName=IP:127.0.0.1', -1));
    assert.match(
      (await diagnoseTls(connectionTo(address), address)) ?? '',
      /\(old\) is not accepted: it .*has expired .*GMT/,
    );
    const reasons: string[] = [];
    const logger = {
      ...silentLogger,
      warn: (fields: Readonly<Record<string, unknown>>) => void reasons.push(String(fields['reason'])),
    };
    const log = await openLog({ configuration: { kafka: connectionTo(address) }, clock: systemClock, logger });
    await eventually('the log names it', async () => Promise.resolve(reasons.some((each) => /has expired/.test(each))));
    await log.close();
  });

  test('of an unknown authority, or for another host, is named with what would do', async () => {
    const address = await serverWith(authority.issue('elsewhere', 'subjectAltName=DNS:kafka.example'));
    const strange = authorityIn(folder, 'strange').file;
    assert.match(
      (await diagnoseTls(connectionTo(address, strange), address)) ?? '',
      /'some-authority', which is unknown to/,
    );
    assert.match((await diagnoseTls(connectionTo(address), address)) ?? '', /made out to DNS:kafka.example/);
    const lax = { ...connectionTo(address), settings: { 'ssl.endpoint.identification.algorithm': 'none' } };
    assert.is(await diagnoseTls(lax, address), undefined);
  });

  test('that is in order, or a broker that is away, gives nothing to say', async () => {
    const address = await serverWith(authority.issue('good', 'subjectAltName=IP:127.0.0.1'));
    assert.is(await diagnoseTls(connectionTo(address), address), undefined);
    assert.is(await diagnoseTls(connectionTo('127.0.0.1:1'), '127.0.0.1:1'), undefined);
  });
});
