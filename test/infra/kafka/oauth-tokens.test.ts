/** Tokens for Kafka: asked for once for all clients, again in time, and never handed to a client that has gone. */
import * as assert from 'uvu/assert';
import { systemClock, type Clock } from '../../../infra/clock';
import type { TokenEndpoint } from '../../../infra/configuration';
import { clientTokens } from '../../../infra/kafka/client-tokens';
import { tokensFrom, type OAuthToken } from '../../../infra/kafka/oauth-tokens';
import { spec } from '../../spec';
import { localServer, type ServedAnswer } from '../../support/local-server';
import { failureOf } from './log-fixture';

const token: OAuthToken = { tokenValue: 't', lifetime: 1, principal: 'p', extensions: {} };

spec('a token endpoint', ({ test }) => {
  const withEndpoint = async (
    answer: ServedAnswer,
    use: (endpoint: TokenEndpoint, asked: () => number) => Promise<void>,
  ): Promise<void> => {
    const server = await localServer(() => answer);
    const endpoint = { _tag: 'TokenEndpoint', clientId: 'a b', clientSecret: 'c:d', extensions: {} } as const;
    try {
      await use({ ...endpoint, url: `${server.url}/token` }, () => server.requests.length);
    } finally {
      await server.close();
    }
  };

  test('is asked with the credentials in one header, encoded, and the scope in the form', async () => {
    const server = await localServer(() => ({ status: 200, body: { access_token: 'opaque', expires_in: 60 } }));
    const endpoint = { _tag: 'TokenEndpoint', clientId: 'a b', clientSecret: 'c:d', scope: 'kafka read' } as const;
    const ask = tokensFrom({ ...endpoint, url: `${server.url}/token`, extensions: { pool: '1' } }, systemClock);
    const given = await ask();
    const [request] = server.requests;
    await server.close();
    assert.is(request?.headers.authorization, `Basic ${Buffer.from('a%20b:c%3Ad').toString('base64')}`);
    assert.is(request?.body, 'grant_type=client_credentials&scope=kafka+read');
    assert.equal([given.tokenValue, given.principal, given.extensions], ['opaque', 'a b', { pool: '1' }]);
  });

  test('is asked once by clients that start together, and again when a fifth of the life is over', async () => {
    await withEndpoint({ status: 200, body: { access_token: 'x', expires_in: 100 } }, async (endpoint, asked) => {
      let nowMs = 1_000_000;
      const clock: Clock = { ...systemClock, nowMs: () => nowMs };
      const ask = tokensFrom(endpoint, clock);
      await Promise.all([ask(), ask(), ask()]);
      await ask();
      assert.is(asked(), 1);
      nowMs += 20_001;
      assert.is((await ask()).lifetime, nowMs + 100_000);
      assert.is(asked(), 2);
    });
  });

  const refused: ReadonlyArray<readonly [string, ServedAnswer, RegExp]> = [
    ['refuses', { status: 400, body: { error: 'invalid_scope' } }, /it answered 400, invalid_scope$/],
    ['answers what is no JSON', { status: 200, text: '<html>' }, /its answer holds no access_token$/],
    ['names no life that could be used', { status: 200, body: { access_token: 'x', expires_in: -1 } }, /no expires_in/],
    ['sends on to somebody else', { status: 307, headers: { location: 'http://127.0.0.1:1/' } }, /no token from http/],
    ['cuts the connection', 'cut the connection', /no token from http/],
  ];
  for (const [what, answer, message] of refused) {
    test(`that ${what} is named with its reason, and without the secret`, async () => {
      await withEndpoint(answer, async (endpoint) => {
        const { message: said } = await failureOf(tokensFrom(endpoint, systemClock)());
        assert.match(said, /^authentication failed: no token from http:\/\/127.0.0.1:\d+\/token: /);
        assert.match(said, message);
        assert.not.match(said, /c:d|c%3Ad/);
      });
    });
  }
});

spec('the tokens of a client', ({ test }) => {
  const askerOf = (tokens: ReturnType<typeof clientTokens>) => {
    const ask = tokens.settings['oauthbearer_token_refresh_cb'];
    if (typeof ask !== 'function') throw new Error('no function');
    return ask;
  };
  const settled = async (work: Promise<unknown>): Promise<boolean> =>
    Promise.race([
      work.then(
        () => true,
        () => true,
      ),
      systemClock.sleep(50).then(() => false),
    ]);

  test('come while it is open, and not at all when it has gone: the binding would end the process', async () => {
    const tokens = clientTokens({ oauthbearer_token_refresh_cb: async () => Promise.resolve(token) });
    assert.equal(await askerOf(tokens)(), token);
    tokens.end();
    assert.not.ok(await settled(askerOf(tokens)()));
    const failing = clientTokens({ oauthbearer_token_refresh_cb: async () => Promise.reject(new Error('none')) });
    assert.is((await failureOf(askerOf(failing)())).message, 'none');
    failing.end();
    assert.not.ok(await settled(askerOf(failing)()));
  });

  test('that are refused to several are an error of its own for each', async () => {
    const shared = new Error('none');
    const settings = { oauthbearer_token_refresh_cb: async () => Promise.reject(shared) };
    for (const tokens of [clientTokens(settings), clientTokens(settings)]) {
      const failure = await failureOf(askerOf(tokens)());
      assert.is(failure.message, 'none');
      failure.message = `changed: ${failure.message}`;
    }
  });

  test('change nothing where none are asked for', () => {
    const settings = { 'client.id': 'x' };
    assert.is(clientTokens(settings).settings, settings);
  });
});
