/** The webhook effect against a real local server: signature, retries, refused targets and redirects. */
import { createHmac } from 'node:crypto';
import * as assert from 'uvu/assert';
import { EffectUnavailable, type EffectOutcome } from '../../../domain/kernel/effect';
import { OrderDelivered } from '../../../domain/order/events';
import type { RecordedEvent } from '../../../domain/kernel/recorded-event';
import { isPrivateAddress } from '../../../infra/webhooks/private-addresses';
import { defineWebhook, type WebhookTarget } from '../../../infra/webhooks/webhook';
import { spec } from '../../spec';
import { localServer, type LocalServer, type ServedAnswer } from '../../support/local-server';

const KEY = Buffer.from('a key of at least 24 bytes');
const SECRET = `whsec_${KEY.toString('base64')}`;
const NOW_MS = Date.parse('2026-01-01T00:00:00Z');

const delivered: RecordedEvent = {
  id: 'order-o1@4',
  stream: 'order-o1',
  version: 4,
  position: 12,
  type: 'OrderDelivered',
  schemaVersion: 1,
  recordedAt: '2025-12-31T23:59:59.000Z',
  correlationId: 'c',
  causationId: 'd',
  actor: 'tester',
  data: { orderId: 'o1' },
};

spec('a webhook', ({ test, after }) => {
  const servers: LocalServer[] = [];
  after(async () => {
    for (const server of servers) await server.close();
  });
  const serverOf = async (answer: () => ServedAnswer): Promise<LocalServer> => {
    const server = await localServer(answer);
    servers.push(server);
    return server;
  };
  const webhookTo = (target: Partial<WebhookTarget> & { readonly url: string }) =>
    defineWebhook({
      name: 'hook',
      meaning: 'Tells of deliveries.',
      owner: 'tests',
      handles: [OrderDelivered],
      target: { secret: SECRET, allowPrivateAddresses: true, ...target },
      clock: { nowMs: () => NOW_MS },
    });
  const deliver = async (target: Partial<WebhookTarget> & { readonly url: string }): Promise<EffectOutcome<unknown>> =>
    webhookTo(target).perform({
      event: delivered,
      idempotencyKey: 'hook/order-o1@4',
      attempt: 1,
      signal: AbortSignal.timeout(5_000),
      settings: {},
    });
  const failureOf = async (target: Partial<WebhookTarget> & { readonly url: string }): Promise<Error> => {
    try {
      await deliver(target);
    } catch (error) {
      if (error instanceof Error) return error;
    }
    throw new Error('the delivery did not fail');
  };

  test('posts the event with its idempotency key, signed as Standard Webhooks says', async () => {
    const server = await serverOf(() => ({ status: 204 }));
    assert.equal(await deliver({ url: `${server.url}/hook` }), { _tag: 'Done', result: { status: 204 } });
    const [request] = server.requests;
    const body = JSON.stringify({ type: 'OrderDelivered', timestamp: delivered.recordedAt, data: { orderId: 'o1' } });
    const signed = createHmac('sha256', KEY)
      .update(`hook/order-o1@4.${NOW_MS / 1_000}.${body}`)
      .digest('base64');
    assert.equal([request?.url, request?.method, request?.body], ['/hook', 'POST', body]);
    assert.is(request?.headers['webhook-id'], 'hook/order-o1@4');
    assert.is(request?.headers['webhook-timestamp'], String(NOW_MS / 1_000));
    assert.is(request?.headers['webhook-signature'], `v1,${signed}`);
    assert.is(request?.headers['content-type'], 'application/json');
  });

  for (const status of [400, 404, 408, 429, 500, 503])
    test(`is tried again where the receiver answers ${status}`, async () => {
      const server = await serverOf(() => ({ status, text: 'no', headers: { 'retry-after': '7' } }));
      const failure = await failureOf({ url: server.url });
      assert.is(failure instanceof EffectUnavailable && failure.retryAfterMs, 7_000);
      assert.match(failure.message, new RegExp(`answered ${status}: no`));
    });

  test('is over where the receiver answers that it is gone', async () => {
    const server = await serverOf(() => ({ status: 410, text: 'never again' }));
    const outcome = await deliver({ url: server.url });
    assert.is(outcome._tag, 'Rejected');
  });

  test('follows no redirect', async () => {
    const other = await serverOf(() => ({ status: 204 }));
    const server = await serverOf(() => ({ status: 307, headers: { location: other.url } }));
    assert.match((await failureOf({ url: server.url })).message, /307.*redirects are not followed: set the final URL/);
    assert.is(other.requests.length, 0);
  });

  test('goes to no private address unless that is allowed, whatever name leads there', async () => {
    const server = await serverOf(() => ({ status: 204 }));
    const port = new URL(server.url).port;
    for (const host of ['127.0.0.1', 'localhost', '[::1]', '[::ffff:127.0.0.1]', '169.254.169.254', '2130706433']) {
      const failure = await failureOf({ url: `https://${host}:${port}/`, allowPrivateAddresses: false });
      assert.match(failure.message, /which is private or reserved/, host);
    }
    assert.is(server.requests.length, 0);
  });

  test('is declared with a usable URL and secret only', () => {
    const declare =
      (url: string, secret = SECRET, allowPrivateAddresses = false) =>
      () =>
        webhookTo({ url, secret, allowPrivateAddresses });
    assert.throws(declare('http://example.com/'), /takes https:\/\/ without a user/);
    assert.throws(declare('ftp://example.com/', SECRET, true), /takes https:\/\/ or http:\/\//);
    assert.throws(declare('https://user:word@example.com/'), /without a user or password/);
    assert.throws(declare('nowhere'), /has the URL 'nowhere'/);
    assert.throws(declare('https://example.com/', 'secret'), /invalid secret.*whsec_/);
    assert.throws(declare('https://example.com/', 'whsec_c2hvcnQ='), /24 to 64 random bytes/);
  });
});

spec('private addresses', ({ test }) => {
  for (const address of [
    ...['0.0.0.0', '10.1.2.3', '100.64.0.1', '127.0.0.1', '169.254.169.254', '172.31.0.1', '192.168.1.1', '224.0.0.1'],
    ...['255.255.255.255', '::', '::1', 'fe80::1%eth0', 'fd00::1', 'ff02::1', '::ffff:10.0.0.1', '::ffff:a00:1'],
    ...['64:ff9b::7f00:1', '64:ff9b::10.0.0.1', '2002:7f00:1::', '::7f00:1', 'not an address'],
  ])
    test(`include ${address}`, () => {
      assert.ok(isPrivateAddress(address));
    });
  for (const address of [
    '1.1.1.1',
    '93.184.216.34',
    '172.32.0.1',
    '2606:4700::1111',
    '64:ff9b::101:101',
    '::ffff:1.1.1.1',
  ])
    test(`do not include ${address}`, () => {
      assert.not.ok(isPrivateAddress(address));
    });
});
