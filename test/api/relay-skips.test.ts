/** An operator's decision to go on past an event that can't be published: what is taken as one, and what is not. */
import * as assert from 'uvu/assert';
import { spec } from '../spec';
import { apiFixture, relayStatus, type ApiFixture } from './api-fixture';

const blocked = {
  topic: 'orders',
  partition: 2,
  eventId: 'order-o1@1',
  type: 'OrderPlaced',
  position: 7,
  reason: 'too large',
  events: 1,
  attempts: 3,
  since: '2026-01-01T00:00:00.000Z',
  nextAttemptAt: '2026-01-01T00:01:00.000Z',
};

const withBlocked = (): ApiFixture =>
  apiFixture({ relayStatus: async () => Promise.resolve({ ...relayStatus, state: 'blocked', blocked: [blocked] }) });

/** Spaces of several kinds, and characters that show nothing. */
const BLANKS = [' ', '   ', '\t\n', '\u00a0', '\u3000 \u2003', '\u200b', '\ufeff', '\u0000', '\u2028'];

spec('a skip of the relay', ({ test }) => {
  test('is taken with the event that blocks and a reason, in the name of the caller', async () => {
    const { post, get, dependencies } = withBlocked();
    const body = { eventId: blocked.eventId, reason: ' ö ' };
    const answer = await post('/ops/relay/skips', body);
    assert.equal([answer.status, answer.headers['location']], [202, '/ops/relay/skips/1']);
    assert.equal(answer.body, { id: 1, state: 'requested', reason: null });
    assert.equal((await get('/ops/relay/skips/1')).body, answer.body);
    const [request] = await dependencies.operationRequests.after(0);
    assert.equal([request?.kind, JSON.parse(request?.body ?? ''), request?.actor], ['relay-skip', body, 'anonymous']);
  });

  const wrong: ReadonlyArray<readonly [string, unknown, string]> = [
    ['no reason', { eventId: blocked.eventId }, 'reason'],
    ['an empty reason', { eventId: blocked.eventId, reason: '' }, 'reason'],
    ['a reason that is too long', { eventId: blocked.eventId, reason: 'x'.repeat(501) }, 'reason'],
    ['a reason that is no text', { eventId: blocked.eventId, reason: 7 }, 'reason'],
    ['no event', { reason: 'a test' }, 'eventId'],
    ['an empty event', { eventId: '', reason: 'a test' }, 'eventId'],
    ['a list of events', { eventId: [blocked.eventId], reason: 'a test' }, 'eventId'],
    ['another member', { eventId: blocked.eventId, reason: 'a test', force: true }, 'force'],
    ...BLANKS.map(
      (reason) => [`the reason ${JSON.stringify(reason)}`, { eventId: blocked.eventId, reason }, 'reason'] as const,
    ),
  ];
  for (const [what, body, path] of wrong) {
    test(`is refused with ${what}, and the member is named`, async () => {
      const { post, dependencies } = withBlocked();
      const answer = await post('/ops/relay/skips', body);
      assert.equal([answer.status, answer.body['type']], [400, '/problems/invalid-body']);
      assert.match(JSON.stringify(answer.body['errors']), path);
      assert.equal(await dependencies.operationRequests.after(0), []);
    });
  }

  test('is refused for an event that blocks nothing, and those that do are named', async () => {
    const { post } = withBlocked();
    const answer = await post('/ops/relay/skips', { eventId: 'order-o2@1', reason: 'a test' });
    assert.equal([answer.status, answer.body['type']], [409, '/problems/event-not-blocked']);
    assert.equal(answer.body['blocked'], [blocked.eventId]);
  });
});

spec('what operators say for the audit', ({ test }) => {
  for (const [path, member] of [
    ['/ops/dead-letters/{id}/assign', 'owner'],
    ['/ops/dead-letters/{id}/note', 'note'],
    ['/ops/dead-letters/{id}/discard', 'reason'],
    ['/ops/commands/{id}/discard', 'reason'],
    ['/ops/relay/skips', 'reason'],
  ] as const) {
    test(`can be seen: ${path} takes no blank ${member}, and its schema says so`, async () => {
      const { get, post } = withBlocked();
      const others = path === '/ops/relay/skips' ? { eventId: blocked.eventId } : {};
      for (const blank of BLANKS) {
        const answer = await post(path.replace('{id}', 'fulfilment:1'), { ...others, [member]: blank });
        assert.equal([answer.status, answer.body['type']], [400, '/problems/invalid-body'], JSON.stringify(blank));
      }
      const documented = JSON.parse((await get('/openapi.json')).text) as {
        paths: Record<string, { post: { requestBody: { content: Record<string, { schema: unknown }> } } }>;
      };
      const schema = documented.paths[path]?.post.requestBody.content['application/json']?.schema as {
        properties: Record<string, { pattern: string }>;
      };
      const pattern = new RegExp(schema.properties[member]?.pattern ?? '^', 'u');
      for (const blank of BLANKS) assert.not(pattern.test(blank), JSON.stringify(blank));
      for (const text of ['x', ' x ', 'é', '漢', '😀']) assert.ok(pattern.test(text), text);
    });
  }
});
