/** The console's server side: its page, its session, and what it streams. */
import type { AddressInfo } from 'node:net';
import * as assert from 'uvu/assert';
import type { ApiKey } from '../../infra/configuration';
import { systemClock } from '../../infra/clock';
import { SESSION_MS } from '../../api/http/sessions';
import { spec } from '../spec';
import { followEvents, type FollowedEvents } from '../support/followed-events';
import { eventually } from '../support/server';
import { apiFixture, relayStatus, type ApiFixture } from './api-fixture';

const apiKeys: ReadonlyArray<ApiKey> = [
  { name: 'shop', role: 'client', key: 'shop-secret-000000' },
  { name: 'anna', role: 'operator', key: 'anna-secret-000000' },
];
const ownPage = { origin: 'http://localhost', host: 'localhost', 'sec-fetch-site': 'same-origin' };
const rebuild = '/ops/projections/order-summary/rebuild';

spec('the page of the console', ({ test, after }) => {
  const { app, get } = apiFixture();
  after(() => app.close());

  test('stands at every address of the console, so that each is a link', async () => {
    const { text } = await get('/console');
    assert.match(text, /<!doctype html>/);
    for (const url of ['/console/', '/console/dead-letters', '/console/streams/order-o1?at=3'])
      assert.is((await get(url)).text, text, url);
  });

  test('runs no script but its own, and loads nothing from elsewhere', async () => {
    const { headers, text } = await get('/console');
    const policy = headers['content-security-policy'] ?? '';
    assert.match(policy, /^default-src 'none'; script-src 'self'; style-src 'self';/);
    assert.not.match(policy, /unsafe|https?:|\*/);
    assert.not.match(text, /<script>|<style|\sstyle=|\son[a-z]+=|https?:\/\//);
    for (const [, address = ''] of text.matchAll(/(?:src|href)="([^"]*)"/g))
      assert.is((await get(address)).status, 200, address);
  });

  test('has less than 120 kB of script as it is sent', async () => {
    const packed = await app.inject({ url: '/console/assets/console.js', headers: { 'accept-encoding': 'gzip' } });
    assert.is(packed.headers['content-encoding'], 'gzip');
    assert.ok(packed.rawPayload.length < 120_000, `${packed.rawPayload.length} bytes`);
    assert.not.match((await get('/console/assets/console.js')).text, /https?:\/\/(?!www\.w3\.org)/);
  });

  test('is not sent again to a browser that has it', async () => {
    const { headers } = await get('/console/assets/console.css');
    const again = await get('/console/assets/console.css', { 'if-none-match': headers['etag'] ?? '' });
    assert.equal([again.status, again.text], [304, '']);
  });

  test('gives out no other file', async () => {
    for (const name of ['nothing.js', 'console.js.gz', '..%2fassets.js', 'console'])
      assert.is((await get(`/console/assets/${name}`)).status, 404, name);
  });

  test('is where a browser is led from /, and nobody else', async () => {
    const browser = await get('/', { accept: 'text/html,application/xhtml+xml' });
    assert.equal([browser.status, browser.headers['location']], [302, '/console']);
    const other = await get('/', { accept: '*/*' });
    assert.equal([other.status, other.body['type']], [404, '/problems/unknown-route']);
  });
});

const cookieOf = (headers: Readonly<Record<string, string | undefined>>): string =>
  headers['set-cookie']?.split(';', 1)[0] ?? '';

const logIn = async ({ post }: ApiFixture): Promise<string> =>
  cookieOf((await post('/console/session', { key: 'anna-secret-000000' }, ownPage)).headers);

spec('the session of an operator', ({ test, after }) => {
  let nowMs = systemClock.nowMs();
  const fixture = apiFixture({ apiKeys, clock: { ...systemClock, nowMs: () => nowMs } });
  const { app, get, post } = fixture;
  after(() => app.close());

  test('begins with a key in a body, and is a cookie that no script reads and no other site sends', async () => {
    assert.equal((await get('/console/session')).body, { required: true, name: null });
    const { status, headers, body } = await post('/console/session', { key: 'anna-secret-000000' }, ownPage);
    assert.equal([status, body], [200, { required: true, name: 'anna' }]);
    assert.match(
      headers['set-cookie'] ?? '',
      /^tidemark-session=[\w.-]+; Path=\/; Max-Age=43200; HttpOnly; SameSite=Strict$/,
    );
    assert.not.match(headers['set-cookie'] ?? '', /secret/);
  });

  test('is Secure where the browser talks https', async () => {
    const headers = { host: 'localhost', origin: 'https://localhost', 'sec-fetch-site': 'same-origin' };
    const answer = await post('/console/session', { key: 'anna-secret-000000' }, headers);
    assert.match(answer.headers['set-cookie'] ?? '', /; Secure$/);
  });

  test('is not for clients, nor for anybody else', async () => {
    for (const key of ['shop-secret-000000', 'wrong', 'anna-secret-00000', ' anna-secret-000000']) {
      const { status, headers } = await post('/console/session', { key }, ownPage);
      assert.equal([status, headers['set-cookie']], [401, undefined], key);
    }
  });

  test('acts in the name of its operator', async () => {
    const cookie = await logIn(fixture);
    assert.is((await get('/console/session', { cookie })).body['name'], 'anna');
    assert.is((await get('/ops/dead-letters', { cookie: `other=1; ${cookie}` })).status, 200);
    assert.is((await post(rebuild, {}, { ...ownPage, cookie })).status, 202);
    const [request] = await fixture.dependencies.operationRequests.after(0);
    assert.is(request?.actor, 'anna');
  });

  test('changes nothing for a page of another site, nor where the browser says nothing', async () => {
    const cookie = await logIn(fixture);
    for (const headers of [
      {},
      { host: 'localhost', origin: 'http://elsewhere.example' },
      { host: 'localhost', 'sec-fetch-site': 'cross-site' },
      { host: 'localhost', 'sec-fetch-site': 'same-site' },
    ]) {
      const { status, body } = await post(rebuild, {}, { ...headers, cookie });
      assert.equal([status, body['type']], [403, '/problems/cross-site-request'], JSON.stringify(headers));
    }
  });

  test('can be neither made up nor changed', async () => {
    const cookie = await logIn(fixture);
    const [name = '', value = ''] = cookie.split('=');
    const [owner = '', ends = '', seal = ''] = value.split('.');
    const shop = Buffer.from('shop').toString('base64url');
    for (const forged of [
      `${owner}.${Number(ends) + 1}.${seal}`,
      `${shop}.${ends}.${seal}`,
      `${owner}.${ends}.${seal.slice(0, -1)}${seal.endsWith('A') ? 'B' : 'A'}`,
      `${owner}.${ends}.`,
      '',
    ])
      assert.is((await get('/views', { cookie: `${name}=${forged}` })).status, 401, forged);
    const others = apiFixture({ apiKeys: [{ name: 'anna', role: 'operator', key: 'another-secret-000' }] });
    assert.is((await others.get('/views', { cookie })).status, 401, 'another key of the same name');
  });

  test('ends by itself, and at once where the operator ends it', async () => {
    const cookie = await logIn(fixture);
    const { headers } = await post('/console/session/end', undefined, { ...ownPage, cookie });
    assert.match(headers['set-cookie'] ?? '', /^tidemark-session=; Path=\/; Max-Age=0;/);
    nowMs += SESSION_MS + 1;
    assert.is((await get('/views', { cookie })).status, 401);
  });

  test('needs none where there are no keys', async () => {
    const open = apiFixture();
    assert.equal((await open.get('/console/session')).body, { required: false, name: null });
    assert.is((await open.get('/ops/dead-letters')).status, 200);
  });
});

spec('what the console shows live', ({ test, before, after }) => {
  let published = 1;
  const fixture = apiFixture({ apiKeys, relayStatus: async () => Promise.resolve({ ...relayStatus, published }) });
  const headers = { authorization: 'Bearer anna-secret-000000' };
  let url = '';
  before(async () => {
    await fixture.app.listen({ host: '127.0.0.1', port: 0 });
    url = `http://127.0.0.1:${(fixture.app.server.address() as AddressInfo).port}`;
  });
  after(() => fixture.app.close());
  const looks = ({ events }: FollowedEvents) => events.filter(({ event }) => event === 'look');

  test('is for operators', async () => {
    assert.is((await fetch(`${url}/console/events`)).status, 401);
    const shop = await fetch(`${url}/console/events`, { headers: { authorization: 'Bearer shop-secret-000000' } });
    assert.is(shop.status, 403);
  });

  test('begins with every topic, and goes on with what changes', async () => {
    const stream = await followEvents(`${url}/console/events`, headers);
    await eventually('the first look', async () => Promise.resolve(looks(stream).length === 1));
    const topics = stream.events.flatMap(({ event }) => event ?? []);
    assert.equal(topics, ['stages', 'relay', 'groups', 'projections', 'readiness', 'deadLetters', 'look']);
    published = 2;
    await eventually('the change is shown', async () =>
      Promise.resolve(stream.events.slice(topics.length).some(({ event }) => event === 'relay')),
    );
    assert.not(stream.events.slice(topics.length).some(({ event }) => event === 'projections'));
    stream.stop();
  });

  test('goes on where a page has lost it', async () => {
    const first = await followEvents(`${url}/console/events`, headers);
    await eventually('a look', async () => Promise.resolve(looks(first).length > 0));
    first.stop();
    const id = looks(first).at(-1)?.id ?? '';
    published = 3;
    const second = await followEvents(`${url}/console/events`, { ...headers, 'last-event-id': id });
    await eventually('the next look', async () => Promise.resolve(looks(second).length > 0));
    assert.equal(second.events.flatMap(({ event }) => event ?? []).slice(0, 2), ['relay', 'look']);
    second.stop();
    const stranger = await followEvents(`${url}/console/events`, { ...headers, 'last-event-id': 'other-run.99' });
    await eventually('everything', async () => Promise.resolve(looks(stranger).length > 0));
    assert.is(stranger.events.filter(({ event }) => event === 'relay').length, 1);
    stranger.stop();
  });
});

spec('a server that closes', ({ test }) => {
  test('ends its streams at once', async () => {
    const { app } = apiFixture();
    await app.listen({ host: '127.0.0.1', port: 0 });
    const stream = await followEvents(`http://127.0.0.1:${(app.server.address() as AddressInfo).port}/console/events`);
    await app.close();
    await eventually('the stream is over', async () => Promise.resolve(stream.isOver()));
  });
});
