/**
 * Effects of a program that is killed (SIGKILL) again and again: before a call, after it, and between the response and the record.
 * In the end each effect is recorded once, was called under one key only, and in the order of its stream.
 */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { systemClock } from '../../infra/clock';
import { kafkaSpec } from '../support/kafka-spec';
import { localServer, type LocalServer, type ServedAnswer } from '../support/local-server';
import { seededRandom } from '../support/random';
import { eventually, freePort, isReady, runTidemark, startTidemark, type ServerProcess } from '../support/server';

const BUILD = join(__dirname, '..', '..');
const VOUCHERS = 40;
const KILLS = 9;
const SEED = Number(process.env['TEST_SEED'] ?? 20_261_126);

const application = (receiver: string): string => `
const { defineApplication } = require('${join(BUILD, 'projections/application')}');
const { defineEffect, done, declined, EffectUnavailable } = require('${join(BUILD, 'domain/kernel/effect')}');
const { voucherAggregate, VoucherIssued, VoucherRedeemed } = require('${join(BUILD, 'test/examples/voucher')}');
const t = require('${require.resolve('io-ts')}');
module.exports = defineApplication({
  name: 'voucher-shop',
  aggregates: [voucherAggregate],
  effects: [
    defineEffect({
      name: 'voucher-mail',
      meaning: 'Mails the voucher.',
      owner: 'tests',
      handles: [VoucherIssued, VoucherRedeemed],
      result: t.strict({ status: t.number }),
      timeoutMs: 1000,
      maxAttempts: 1000,
      perform: async ({ event, idempotencyKey, signal }) => {
        const response = await fetch('${receiver}/' + event.type, {
          method: 'POST', headers: { 'idempotency-key': idempotencyKey }, body: event.data.voucherId, signal,
        });
        if (response.status === 422) return declined('NoMail', 'no');
        if (!response.ok) throw new EffectUnavailable('busy');
        return done({ status: response.status });
      },
    }),
  ],
});
`;

kafkaSpec('effects of a program that is killed at random moments', ({ test, after }, broker) => {
  let server: ServerProcess | undefined;
  let receiver: LocalServer | undefined;
  after(async () => {
    await server?.end('SIGKILL');
    await receiver?.close();
  });

  test(
    `are each recorded once, under one key, in the order of their stream (seed ${SEED})`,
    async () => {
      const random = seededRandom(SEED);
      let killsLeft = KILLS;
      const state = { isKilling: false };
      const kill = async (delayMs: number): Promise<void> => {
        // At once, so that no second kill starts a second program beside this one's.
        state.isKilling = true;
        killsLeft -= 1;
        if (delayMs > 0) await systemClock.sleep(delayMs);
        await server?.end('SIGKILL');
        server = startTidemark(['--app', file, 'serve'], environment);
        state.isKilling = false;
      };
      // After the call and before the response; right after the response, so before or after the record; or at any other time.
      const answer = async (): Promise<ServedAnswer> => {
        const chance = random();
        if (chance < 0.08) return { status: 503 };
        if (chance < 0.12) await systemClock.sleep(1_200);
        if (chance < 0.14) return { status: 422 };
        if (chance < 0.3 && killsLeft > 0 && !state.isKilling) {
          if (random() < 0.5) await kill(0);
          else void kill(1);
        }
        return { status: 204 };
      };
      receiver = await localServer(answer);
      const folder = mkdtempSync(join(tmpdir(), 'tidemark-effects-'));
      const file = join(folder, 'shop.cjs');
      writeFileSync(file, application(receiver.url));
      const port = await freePort();
      const url = `http://127.0.0.1:${port}`;
      const environment = {
        PORT: String(port),
        BASE_URL: url,
        DATA_DIR: join(folder, 'data'),
        KAFKA_BROKERS: broker.servers,
        KAFKA_TOPIC_PREFIX: broker.topicPrefix(),
        LEASE_TTL_MS: '1000',
      };
      assert.is((await runTidemark(['--app', file, 'contracts', 'accept'], environment)).status, 0);
      server = startTidemark(['--app', file, 'serve'], environment);
      const isUp = (): Promise<void> => eventually('the program is ready', () => isReady(url), 60_000);
      await isUp();
      await eventually('the effect has begun', async () => (await effectStatus(url))?.afterPosition === 0);

      const post = async (path: string, body: object): Promise<void> => {
        await eventually(
          `${path} is accepted`,
          async () => {
            const response = await fetch(`${url}${path}`, {
              method: 'POST',
              headers: { 'content-type': 'application/json' },
              body: JSON.stringify(body),
            });
            return response.ok;
          },
          60_000,
        );
      };
      for (let index = 0; index < VOUCHERS; index += 1) {
        const issued = { customerId: 'c1', amount: 500, currency: 'EUR', issuedAt: '2026-01-01T12:00:00Z' };
        await post(`/vouchers/v${index}/issue`, issued);
        await post(`/vouchers/v${index}/redeem`, { redeemedAt: '2026-01-02T12:00:00Z' });
        if (random() < 0.06 && killsLeft > 0 && !state.isKilling) await kill(0);
      }
      await isUp();
      const ended = async (): Promise<boolean> => {
        const status = await effectStatus(url);
        return status?.pending === 0 && status.done + status.rejected === 2 * VOUCHERS;
      };
      await eventually('every call has ended', ended, 120_000).catch(async (error: unknown) => {
        throw new Error(`${String(error)}\n${JSON.stringify(await effectStatus(url))}\n${server?.output() ?? ''}`);
      });

      const results = await resultsOf(url);
      assert.is(new Set(results.map(({ key }) => key)).size, 2 * VOUCHERS);
      assert.is(results.length, 2 * VOUCHERS);
      for (let index = 0; index < VOUCHERS; index += 1) {
        const calls = receiver.requests.filter(({ body }) => body === `v${index}`);
        const keysOf = (type: string): ReadonlyArray<unknown> => [
          ...new Set(calls.filter((call) => call.url === `/${type}`).map(({ headers }) => headers['idempotency-key'])),
        ];
        assert.equal(keysOf('VoucherIssued'), [`voucher-mail/voucher-v${index}@1`]);
        assert.equal(keysOf('VoucherRedeemed'), [`voucher-mail/voucher-v${index}@2`]);
        const types = calls.map((call) => call.url);
        assert.ok(types.lastIndexOf('/VoucherIssued') < types.indexOf('/VoucherRedeemed'), types.join(' '));
      }
      assert.ok(receiver.requests.length > 2 * VOUCHERS, 'some calls were repeated');
    },
    { timeoutMs: 240_000 },
  );
});

interface Status {
  readonly afterPosition: number | null;
  readonly pending: number;
  readonly done: number;
  readonly rejected: number;
}

const itemsAt = async <Item>(url: string): Promise<ReadonlyArray<Item>> => {
  const { items } = (await (await fetch(url)).json()) as { readonly items: ReadonlyArray<Item> };
  return items;
};

const effectStatus = async (url: string): Promise<Status | undefined> =>
  (await itemsAt<Status>(`${url}/ops/effects`))[0];

const resultsOf = async (url: string): Promise<ReadonlyArray<{ readonly key: string }>> =>
  itemsAt(`${url}/ops/effects/voucher-mail/results?limit=1000`);
