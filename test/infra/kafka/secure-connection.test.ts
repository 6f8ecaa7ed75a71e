/** Every way to be let in by a broker that asks who comes, and what is said of whoever is kept out. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { systemClock } from '../../../infra/clock';
import { readConfiguration } from '../../../infra/configuration';
import type { EventLog } from '../../../infra/kafka/event-log';
import { openLog } from '../../../infra/broker/open-log';
import { silentLogger, type Logger } from '../../../infra/logger';
import { whyNoKafka } from '../../support/kafka';
import { specUnless } from '../../support/kafka-spec';
import type { LocalServer } from '../../support/local-server';
import { eventually, freePort, startTidemark, type ServerProcess } from '../../support/server';
import { whyNoCertificates } from './certificates';
import { deliver, failureOf, fromZero, pollUntil, recordOf, topicNamed, withConsumer } from './log-fixture';
import { secureKafka, type SecureKafka } from './secure-kafka';
import { keptOut, letIn, TOKEN_LIFETIME_S, tokenServer, withPassword, withTokens, type Environment } from './ways-in';

/** A way in, from the environment on. */
const openWith = async (environment: Environment, logger: Logger = silentLogger): Promise<EventLog> =>
  openLog({ configuration: readConfiguration(environment), clock: systemClock, logger });

/** What a call says that is kept out, and what was logged meanwhile. */
const refusalOf = async (environment: Environment): Promise<{ readonly said: string; readonly logged: string }> => {
  const lines: unknown[] = [];
  const log = await openWith(environment, { ...silentLogger, warn: (fields) => void lines.push(fields) });
  const { message } = await failureOf(log.describe(['secret']));
  await log.close();
  return { said: message, logged: JSON.stringify(lines) };
};

void whyNoKafka().then((missing) =>
  specUnless(missing ?? whyNoCertificates(), 'a broker that asks who comes', ({ test, before, after }) => {
    let broker: SecureKafka;
    let endpoint: LocalServer;
    let port = 0;
    let server: ServerProcess | undefined;
    const refusals = new Map<string, ReturnType<typeof refusalOf>>();

    before(async () => {
      endpoint = await tokenServer();
      broker = await secureKafka();
      port = await freePort();
      const folder = mkdtempSync(join(tmpdir(), 'tidemark-refused-'));
      const wrong = withPassword('SCRAM-SHA-256', 'guessed')(broker, '');
      server = startTidemark(['serve'], { ...wrong, PORT: String(port), DATA_DIR: folder });
      // Side by side: each is patient for some seconds.
      for (const [what, way] of keptOut) {
        const refusal = refusalOf(way(broker, endpoint.url));
        refusal.catch(() => undefined);
        refusals.set(what, refusal);
      }
    });
    after(async () => {
      await server?.end('SIGKILL');
      await broker.stop();
      await endpoint.close();
    });

    for (const [what, , message] of keptOut) {
      test(
        `keeps out ${what}: the call that fails says why, and so does the log`,
        async () => {
          const { said, logged } = (await refusals.get(what)) ?? { said: '', logged: '' };
          assert.match(said, message);
          assert.match(logged, message);
        },
        { timeoutMs: 60_000 },
      );
    }

    letIn.forEach(([what, way], index) => {
      test(
        `takes and hands out records from who comes with ${what}`,
        async () => {
          const topic = `secret-${index}`;
          const log = await openWith(way(broker, endpoint.url));
          await log.ensureTopics([topicNamed(topic)]);
          await deliver(log, [recordOf(topic, 1)]);
          const [record] = await withConsumer(log, async (consumer) => {
            consumer.assign(fromZero(topic));
            return pollUntil(consumer, 1);
          });
          await log.close();
          assert.is(String(record?.key), 'key-1');
        },
        { timeoutMs: 60_000 },
      );
    });

    test(
      'goes on with clients whose first token has ended, without a stop of the event loop',
      async () => {
        const log = await openWith(withTokens(broker, endpoint.url));
        await log.ensureTopics([topicNamed('tokens')]);
        const asked = endpoint.requests.length;
        let longestStopMs = 0;
        await withConsumer(log, async (consumer) => {
          consumer.assign(fromZero('tokens'));
          const untilMs = systemClock.monotonicMs() + 1_800 * TOKEN_LIFETIME_S;
          for (let sequence = 1; systemClock.monotonicMs() < untilMs; sequence += 1) {
            const beforeMs = systemClock.monotonicMs();
            await systemClock.sleep(200);
            longestStopMs = Math.max(longestStopMs, systemClock.monotonicMs() - beforeMs - 200);
            if (sequence % 5 === 0) await consumer.watermarks('tokens', 0);
          }
          await deliver(log, [recordOf('tokens', 1)]);
          await pollUntil(consumer, 1);
        });
        await log.close();
        assert.ok(endpoint.requests.length > asked + 1);
        // A hand-over at the wrong moment stops it for five seconds.
        assert.ok(longestStopMs < 3_000, `${longestStopMs} ms`);
      },
      { timeoutMs: 60_000 },
    );

    test(
      'that refuses a password is named by the status of the relay and of every group, which keep trying',
      async () => {
        type Status = Readonly<Record<'state' | 'reason', string>>;
        const get = async (path: string): Promise<unknown> => (await fetch(`http://127.0.0.1:${port}${path}`)).json();
        const isRefused = ({ state, reason }: Status): boolean =>
          state === 'retrying' && /authentication failed: the user 'app' was refused by .*SCRAM-SHA-256/.test(reason);
        try {
          await eventually('the relay says so', async () => isRefused((await get('/ops/relay')) as Status), 40_000);
          await eventually('each group says so', async () => {
            const { items } = (await get('/ops/groups')) as { readonly items: ReadonlyArray<Status> };
            return items.length >= 5 && items.every(isRefused);
          });
          assert.not.match(server?.output() ?? '', 'guessed');
        } finally {
          await server?.end('SIGKILL');
        }
      },
      { timeoutMs: 80_000 },
    );
  }),
);
