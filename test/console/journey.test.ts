/**
 * The console in a real browser, on a real Kafka: an operator goes the way of docs/runbook.md, from "something is behind" to cured,
 * by clicks alone; and every page is looked at for people who see badly or use no mouse.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import * as assert from 'uvu/assert';
import { produceRaw } from '../support/broker-admin';
import { startBrowser, whyNoBrowser } from '../support/browser';
import { realKafka } from '../support/kafka';
import { specUnless } from '../support/kafka-spec';
import { eventually, freePort, startTidemark, type ServerProcess } from '../support/server';

const root = join(__dirname, '..', '..', '..');
const checks = readFileSync(join(root, 'test', 'console', 'page-checks.mjs'), 'utf8');
/** Where screenshots go, if they are wanted. */
const screenshots = process.env['SCREENSHOTS'];

const OPERATOR_KEY = 'the-key-of-anna-0000';
const REACTORS_KEY = 'the-key-of-reactors-0';
const PAGE_TIMEOUT_MS = 15_000;

type Row = Readonly<Record<string, unknown>>;

void realKafka().then((broker) => {
  const missing = whyNoBrowser() ?? ('missing' in broker ? broker.missing : undefined);
  specUnless(missing, 'the console in a browser', ({ test, before, after }) => {
    let url = '';
    let environment: Readonly<Record<string, string>> = {};
    const servers: ServerProcess[] = [];
    let release: ChildProcess | undefined;
    let browser: Browser | undefined;
    let open: Page | undefined;
    const faults: string[] = [];

    const page = (): Page => {
      if (open === undefined) throw new Error('no page is open');
      return open;
    };
    const get = async (path: string): Promise<Row> => {
      const response = await fetch(`${url}${path}`, { headers: { authorization: `Bearer ${OPERATOR_KEY}` } });
      return (await response.json()) as Row;
    };
    const openPage = async (from: Browser): Promise<Page> => {
      const made = await from.newPage({ viewport: { width: 1280, height: 850 } });
      made.setDefaultTimeout(PAGE_TIMEOUT_MS);
      // A refusal by the content security policy is such a message too.
      made.on('console', (message) => {
        if (message.type() === 'error') faults.push(message.text());
      });
      made.on('pageerror', (error) => faults.push(error.message));
      return made;
    };
    const place = async (orderId: string): Promise<void> => {
      const response = await fetch(`${url}/orders/${orderId}/place`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${OPERATOR_KEY}` },
        body: JSON.stringify({
          customerId: 'c1',
          currency: 'EUR',
          placedAt: '2018-03-01T08:00:00Z',
          // Nothing is in stock, so that every order is cancelled for it.
          lines: [{ sku: 'none', quantity: 1, unitPrice: 100, freight: 0 }],
        }),
      });
      assert.is(response.status, 201);
    };

    before(async () => {
      const port = await freePort();
      url = `http://127.0.0.1:${port}`;
      if ('missing' in broker) return;
      const prefix = broker.topicPrefix();
      environment = {
        PORT: String(port),
        DATA_DIR: mkdtempSync(join(tmpdir(), 'tidemark-console-')),
        KAFKA_BROKERS: broker.servers,
        KAFKA_TOPIC_PREFIX: prefix,
        LEASE_TTL_MS: '1000',
        API_KEYS: `anna:operator:${OPERATOR_KEY},engine:client:${REACTORS_KEY}`,
        API_KEY: REACTORS_KEY,
        BASE_URL: url,
      };
      servers.push(startTidemark(['serve', '--roles', 'api,relay,reactors'], environment));
      await eventually('the API answers', async () => (await fetch(`${url}/health/live`)).ok);
      release = spawn(process.execPath, [join(__dirname, '..', 'end-to-end', 'serve-bad-release.js')], {
        env: { ...process.env, ...environment },
        stdio: ['ignore', 'ignore', 'inherit'],
      });
      for (const orderId of ['bad-1', 'good-1', 'bad-2', 'good-2']) await place(orderId);
      const garbage = { topic: `${prefix}orders`, partition: 0, key: 'x', value: Buffer.from('{') };
      await eventually('the topic is there', async () => produceRaw(broker.servers, garbage).then(() => true));
      await eventually('three have failed', async () => {
        const { items } = await get('/ops/dead-letters?group=order-summary');
        return (items as ReadonlyArray<Row>).length === 3;
      });
      browser = await startBrowser();
      open = await openPage(browser);
    });
    after(async () => {
      await browser?.close();
      release?.kill('SIGKILL');
      for (const server of servers) await server.end('SIGKILL');
    });

    const click = (role: 'link' | 'button', name: string | RegExp): Promise<void> =>
      page().getByRole(role, { name }).first().click();
    const dialog = () => page().getByRole('dialog');
    const confirm = async (name: string): Promise<void> => {
      await dialog().getByRole('button', { name, exact: true }).click();
      await dialog().waitFor({ state: 'hidden' });
    };
    const sees = (text: string | RegExp): Promise<void> => page().getByText(text).first().waitFor();
    const isAt = (heading: string | RegExp): Promise<void> =>
      page().getByRole('heading', { level: 1, name: heading }).waitFor();
    const shoot = async (name: string): Promise<void> => {
      if (screenshots !== undefined) await page().screenshot({ path: join(screenshots, `${name}.png`) });
    };

    test('asks an operator for a key, which then stands in no address and no script can read', async () => {
      await page().goto(`${url}/`);
      await isAt('Log in');
      await page().getByLabel('Key').fill('a key that is none');
      await click('button', 'Log in');
      await sees(/not the key of an operator/);
      await page().getByLabel('Key').fill(OPERATOR_KEY);
      await page().keyboard.press('Enter');
      await isAt('Flow');
      assert.is(page().url(), `${url}/console`);
      assert.is(await page().evaluate('document.cookie'), '');
      assert.is(await page().evaluate('JSON.stringify(localStorage) + JSON.stringify(sessionStorage)'), '{}{}');
      faults.splice(0);
    });

    test('says on the first page who needs a look, and leads to the cause', async () => {
      await page()
        .getByRole('list', { name: 'What needs a look' })
        .getByText(/3 dead letters are open/)
        .waitFor();
      await page()
        .getByRole('link', { name: /^Projections, / })
        .waitFor();
      await shoot('flow');
      await click('link', /Look at 3 dead letters/);
      await isAt('Dead letters');
      await sees(/taxRate/);
      await shoot('dead-letters');
    });

    test('shows one dead letter with its stack, its payload, its owner and the rows that wait for it', async () => {
      await page()
        .getByRole('region', { name: /taxRate/ })
        .getByRole('link', { name: /^order-summary:/ })
        .first()
        .click();
      await isAt(/^Dead letter order-summary:/);
      await sees(/at .*bad-release/);
      await page()
        .getByLabel('Payload of the event')
        .getByText(/cancelledAt|reason/)
        .waitFor();
      await page()
        .getByRole('link', { name: /^bad-[12]$/ })
        .waitFor();
      await click('button', 'Assign');
      await dialog().getByLabel('Owner').fill('ada');
      await confirm('Assign');
      await page().getByRole('table', { name: 'Audit' }).getByText('assigned').waitFor();
      await shoot('dead-letter');
    });

    test(
      'plans a redrive, shows it, and runs it once the fix is released',
      async () => {
        release?.kill('SIGTERM');
        servers.push(startTidemark(['serve', '--roles', 'projections'], environment));
        await click('link', /^Dead letters/);
        await isAt('Dead letters');
        await page()
          .getByRole('region', { name: /taxRate/ })
          .getByRole('button', { name: 'Plan a redrive' })
          .click();
        await dialog()
          .getByText(/A plan runs nothing/)
          .waitFor();
        await confirm('Plan a redrive');
        await isAt(/^Redrive \d+$/);
        await sees(/2 streams/);
        await click('button', 'Run');
        await dialog()
          .getByText(/2 events of 2 streams are applied to order-summary again/)
          .waitFor();
        await confirm('Run');
        await page().getByRole('main').getByText('done', { exact: false }).first().waitFor({ timeout: 60_000 });
        await sees(/2 of 2 streams/);
        await shoot('redrive');
      },
      { timeoutMs: 90_000 },
    );

    test('discards what is no event, with a reason, after it has said what that means', async () => {
      await click('link', /^Dead letters/);
      await click('link', /^order-summary:/);
      await isAt(/^Dead letter order-summary:/);
      await click('button', 'Discard');
      await dialog()
        .getByText(/can't be taken back/)
        .waitFor();
      await shoot('question');
      await dialog()
        .getByLabel(/Reason/)
        .fill('sent by mistake');
      await confirm('Discard');
      await page().getByRole('table', { name: 'Audit' }).getByText('sent by mistake').waitFor();
      const { items } = await get('/ops/dead-letters?group=order-summary&status=open');
      assert.equal(items, []);
    });

    test('shows that the row is right again, and every event of its order', async () => {
      await click('link', 'Explain');
      await page().getByLabel('Projection').selectOption('order-summary');
      await page().getByLabel('Key').fill('bad-1');
      await page().keyboard.press('Enter');
      await isAt('order-summary: bad-1');
      await sees(/The row is what its 2 events make of it/);
      await shoot('explain');
      await click('link', 'order-bad-1@2');
      await isAt('order-bad-1');
      await page()
        .getByLabel('State after the event')
        .getByText(/cancelled/i)
        .first()
        .waitFor();
      await shoot('stream');
      await click('link', 'OrderPlaced');
      await page().waitForURL(/version=1/);
      await click('link', 'its chain');
      await isAt('Chain');
      await page()
        .getByRole('link', { name: /^order-bad-1@2, OrderCancelled/ })
        .waitFor();
      await shoot('chain');
      await page().goBack();
      await isAt('order-bad-1');
    });

    test(
      'rebuilds a projection by keyboard alone, up to its proof',
      async () => {
        await page().goto(`${url}/console/projections/order-summary`);
        await page().getByRole('button', { name: 'Rebuild', exact: true }).waitFor();
        const press = async (key: string, until: () => Promise<boolean>): Promise<void> => {
          for (let times = 0; times < 40 && !(await until()); times += 1) await page().keyboard.press(key);
        };
        const focused = async (): Promise<string> =>
          String(await page().evaluate('document.activeElement.textContent'));
        await press('Tab', async () => (await focused()) === 'Rebuild');
        await page().keyboard.press('Enter');
        await dialog().waitFor();
        await press('Tab', async () => (await focused()) === 'Rebuild');
        await page().keyboard.press('Enter');
        await isAt(/^Rebuild \d+$/);
        await page().getByRole('region', { name: 'Proof' }).waitFor({ timeout: 60_000 });
        await page().getByRole('main').getByText('done').first().waitFor();
        await shoot('rebuild');
      },
      { timeoutMs: 90_000 },
    );

    test('keeps what operators did, and says in the end that all is well', async () => {
      await click('link', 'Audit');
      for (const kind of ['dead-letter-assign', 'redrive-plan', 'redrive-run', 'dead-letter-discard', 'rebuild'])
        await page().getByRole('table').getByText(kind, { exact: true }).first().waitFor();
      await page().goto(`${url}/console/groups/order-summary`);
      await page().getByRole('table', { name: 'Partitions of the group' }).waitFor();
      await page().goto(`${url}/console`);
      await page()
        .getByRole('link', { name: /^Projections, ok/ })
        .waitFor();
    });

    test('goes on live where the connection was lost', async () => {
      const { length } = (await get('/ops/events'))['items'] as ReadonlyArray<Row>;
      await page().context().setOffline(true);
      await page().context().setOffline(false);
      await place('good-9');
      await page()
        .getByRole('link', { name: new RegExp(`position ${length + 2}`) })
        .waitFor();
    });

    const everyPage = async (): Promise<ReadonlyArray<string>> => {
      const { items } = await get('/ops/dead-letters');
      const id = String((items as ReadonlyArray<Row>)[0]?.['id']);
      const { items: events } = await get('/ops/events?limit=1');
      const [event] = events as ReadonlyArray<Row>;
      const { items: asked } = await get('/ops/audit');
      const idOf = (kind: string): string =>
        String((asked as ReadonlyArray<Row>).find((each) => each['kind'] === kind)?.['id']);
      return [
        '/console',
        '/console/relay',
        '/console/projections',
        '/console/projections/order-summary',
        `/console/rebuilds/${idOf('rebuild')}`,
        '/console/views/order-summary',
        '/console/groups',
        '/console/groups/order-summary',
        '/console/dead-letters?status=all',
        `/console/dead-letters/${id}`,
        `/console/redrives/${idOf('redrive-plan')}`,
        '/console/commands',
        '/console/streams',
        '/console/streams/order-bad-1',
        `/console/chains/${String(event?.['correlationId'])}?near=${String(event?.['position'])}`,
        '/console/explain/order-summary/bad-1',
        '/console/contracts',
        '/console/offsets',
        '/console/offsets/order-summary',
        '/console/audit',
        '/console/no-such-page',
      ];
    };

    for (const colorScheme of ['light', 'dark'] as const)
      for (const width of [1280, 360])
        test(
          `can be read by everybody on every page, in ${colorScheme}, at ${width} px`,
          async () => {
            await page().setViewportSize({ width, height: 850 });
            await page().emulateMedia({ colorScheme });
            const found: string[] = [];
            for (const [index, path] of (await everyPage()).entries()) {
              await page().goto(`${url}${path}`);
              await page().getByText('live', { exact: true }).waitFor();
              await page().getByRole('heading', { level: 1 }).waitFor();
              await eventually(
                'everything is read',
                async () =>
                  (await page()
                    .getByText(/^(Reading|Looking)/)
                    .count()) === 0,
              );
              const complaints = await page().evaluate<ReadonlyArray<string>>(checks);
              found.push(...complaints.map((complaint) => `${path}: ${complaint}`));
              await shoot(`page-${index}-${width}-${colorScheme}`);
            }
            assert.equal(found, []);
          },
          { timeoutMs: 120_000 },
        );

    test('opens the API reference under the same policy', async () => {
      await page().setViewportSize({ width: 1280, height: 850 });
      await page().goto(`${url}/docs`);
      await page().getByText('/ops/dead-letters/{id}', { exact: true }).first().waitFor();
      await shoot('reference');
    });

    test('ends the session where the operator logs out', async () => {
      await page().goto(`${url}/console`);
      await click('button', 'Log out');
      await isAt('Log in');
      const answer = await page().evaluate<number>("fetch('/ops/dead-letters').then(({ status }) => status)");
      assert.is(answer, 401);
    });

    test('has met no error, and no refusal by its own policy', () => {
      const known = /401|net::ERR_INTERNET_DISCONNECTED|Failed to load resource/;
      assert.equal(
        faults.filter((fault) => !known.test(fault)),
        [],
      );
    });
  });
});
