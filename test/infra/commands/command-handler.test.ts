/** What handling a command promises: decide on the stream as it is, append at that very version, answer once per key. */
import * as E from 'fp-ts/Either';
import * as assert from 'uvu/assert';
import type { EventStore } from '../../../domain/kernel/event-store';
import { EventBreaksContract } from '../../../infra/commands/decision';
import { everything, ids, right } from '../../contracts/event-store-fixtures';
import { spec } from '../../spec';
import { failure, handlerFixture, STREAM, type RequestOptions } from './handler-fixture';

const by = (amount: number): { readonly by: number } => ({ by: amount });
const keyed = (key: string, requestHash = 'hash'): RequestOptions => ({
  idempotency: { scope: 'caller/ann', key, requestHash },
});

spec('a command', ({ test }) => {
  test('appends what the aggregate decides, and answers where it stands', async () => {
    const { handle, store } = handlerFixture();
    right(await handle('count', by(2)));
    assert.equal(right(await handle('count', by(3))), {
      stream: STREAM,
      version: 2,
      position: 2,
      events: [{ id: `${STREAM}@2`, type: 'ContributionListener', schemaVersion: 2, version: 2, position: 2 }],
      replayed: false,
    });
    assert.equal(
      (await everything(store)).map(({ payload, schemaVersion, actor }) => [payload, schemaVersion, actor]),
      [
        ['{"by":2}', 2, 'tester'],
        ['{"by":3}', 2, 'tester'],
      ],
    );
  });

  test('that repeats what holds appends nothing and succeeds', async () => {
    const { handle, traffic } = handlerFixture();
    right(await handle('count', by(1)));
    right(await handle('close'));
    const repeated = right(await handle('close'));
    assert.equal(repeated, { stream: STREAM, version: 2, position: 2, events: [], replayed: false });
    assert.is(traffic.appends, 2);
  });

  test('that the aggregate rejects appends nothing', async () => {
    const { handle, store } = handlerFixture();
    const rejection = { type: 'TallyFull', message: 'it ends at 1000' };
    assert.equal(failure(await handle('count', by(1_001))), {
      _tag: 'Rejected',
      stream: STREAM,
      rejection,
      replayed: false,
    });
    assert.is(right(await store.lastPosition()()), 0);
  });

  test('in a dry run names the events without a position, and leaves nothing behind', async () => {
    const { handle, store } = handlerFixture();
    right(await handle('count', by(1)));
    const would = right(await handle('count', by(2), { dryRun: true, ...keyed('key-1') }));
    const event = { id: `${STREAM}@2`, type: 'ContributionListener', schemaVersion: 2, version: 2 };
    assert.equal(would, { stream: STREAM, version: 2, position: 1, events: [event], replayed: false });
    assert.is(right(await store.lastPosition()()), 1);
    assert.is(right(await store.findOutcome({ scope: 'caller/ann', key: 'key-1' })()), undefined);
    assert.is(failure(await handle('count', by(1_000), { dryRun: true }))._tag, 'Rejected');
    assert.is(right(await handle('count', by(3), keyed('key-1'))).version, 2);
    assert.is(right(await handle('count', by(3), { dryRun: true, ...keyed('key-1') })).version, 3);
  });

  test('over a long stream reads it in pages and decides on all of it', async () => {
    const { handle, appendBeside, traffic } = handlerFixture(undefined, 0);
    for (let index = 0; index < 1_000; index += 1) await appendBeside();
    assert.is(failure(await handle('count', by(1)))._tag, 'Rejected');
    // 8, 32, 128, 500, and the rest: a page is bounded by bytes, and the first knows nothing of the size of the events.
    assert.is(traffic.streamReads, 5);
  });
});

spec('an idempotency key', ({ test }) => {
  test('gets the first answer again: a success, after which nothing is appended', async () => {
    const { handle, store } = handlerFixture();
    const first = right(await handle('count', by(1), keyed('key-1')));
    right(await handle('count', by(1)));
    assert.equal(right(await handle('count', by(1), keyed('key-1'))), { ...first, replayed: true });
    assert.is(right(await store.lastPosition()()), 2);
  });

  test('gets a rejection again, even where the aggregate would give another reason by now', async () => {
    const { handle } = handlerFixture();
    const first = failure(await handle('count', by(1_001), keyed('key-1')));
    right(await handle('close'));
    assert.equal(failure(await handle('count', by(1_001), keyed('key-1'))), { ...first, replayed: true });
  });

  test('gets the answer that nothing had to change again', async () => {
    const { handle, store } = handlerFixture();
    right(await handle('close'));
    const first = right(await handle('close', {}, keyed('key-1')));
    assert.equal(first.events, []);
    assert.equal(right(await handle('close', {}, keyed('key-1'))), { ...first, replayed: true });
    assert.is(right(await store.lastPosition()()), 1);
  });

  test('is refused with another request', async () => {
    const { handle } = handlerFixture();
    right(await handle('count', by(1), keyed('key-1', 'one')));
    assert.equal(failure(await handle('count', by(2), keyed('key-1', 'two'))), { _tag: 'KeyReused', key: 'key-1' });
  });

  test('is refused while its first request is under way, and not after', async () => {
    const { handle } = handlerFixture();
    const [first, second] = await Promise.all([
      handle('count', by(1), keyed('key-1')),
      handle('count', by(1), keyed('key-1')),
    ]);
    assert.ok(E.isRight(first));
    assert.equal(failure(second), { _tag: 'KeyInProgress', key: 'key-1' });
    assert.is(right(await handle('count', by(1), keyed('key-1'))).replayed, true);
  });

  test('is free again after a failure that wrote nothing', async () => {
    let failing = true;
    const { handle } = handlerFixture((append) => (what) => {
      if (!failing) return append(what);
      failing = false;
      return () => Promise.resolve(E.left({ _tag: 'StoreUnavailable', reason: 'disk full' } as const));
    });
    assert.is(failure(await handle('count', by(1), keyed('key-1')))._tag, 'StoreUnavailable');
    assert.is(right(await handle('count', by(1), keyed('key-1'))).replayed, false);
  });

  test('recorded by another process in between gets that answer', async () => {
    let raced = false;
    const { handle, store } = handlerFixture((append) => (what) => async () => {
      if (!raced) {
        raced = true;
        const response = JSON.stringify({
          kind: 'done',
          result: { stream: STREAM, version: 7, position: 9, events: [] },
        });
        right(
          await append({
            ...what,
            streams: [],
            outcome: () => ({ scope: 'caller/ann', key: 'key-1', requestHash: 'hash', response }),
          })(),
        );
      }
      return append(what)();
    });
    const answer = right(await handle('count', by(1), keyed('key-1')));
    assert.equal([answer.version, answer.replayed], [7, true]);
    assert.is(right(await store.lastPosition()()), 0);
  });
});

spec('an expected version (If-Match)', ({ test }) => {
  test('lets the command through where it holds', async () => {
    const { handle } = handlerFixture();
    right(await handle('count', by(1), { expectedVersion: 0 }));
    assert.is(right(await handle('count', by(1), { expectedVersion: 1 })).version, 2);
  });

  test('that does not hold names both versions, and appends nothing', async () => {
    const { handle, traffic } = handlerFixture();
    right(await handle('count', by(1)));
    const mismatch = { _tag: 'VersionMismatch', stream: STREAM, expected: 0, actual: 1 };
    assert.equal(failure(await handle('count', by(1), { expectedVersion: 0 })), mismatch);
    assert.is(traffic.appends, 1);
  });

  test('is checked against the stream, not against what is remembered of it', async () => {
    const { handle, appendBeside } = handlerFixture();
    right(await handle('count', by(1)));
    await appendBeside();
    const mismatch = { _tag: 'VersionMismatch', stream: STREAM, expected: 1, actual: 2 };
    assert.equal(failure(await handle('count', by(1), { expectedVersion: 1 })), mismatch);
    await appendBeside();
    assert.is(right(await handle('count', by(1), { expectedVersion: 3 })).version, 4);
  });
});

spec('commands at the same time', ({ test }) => {
  test('for one stream take turns: each is appended once, none tries again', async () => {
    const { handle, traffic } = handlerFixture();
    const outcomes = await Promise.all(Array.from({ length: 200 }, () => handle('count', by(10))));
    assert.is(outcomes.filter(E.isRight).length, 100);
    assert.is(outcomes.filter((outcome) => E.isLeft(outcome) && outcome.left._tag === 'Rejected').length, 100);
    assert.is(traffic.appends, 100);
  });

  test('beside another writer are decided again on what it wrote', async () => {
    const { handle, appendBeside, store } = handlerFixture();
    right(await handle('count', by(1)));
    await appendBeside('ContributionListener', { by: 999 });
    assert.is(failure(await handle('count', by(1)))._tag, 'Rejected');
    assert.equal(ids(await everything(store)), [`${STREAM}@1`, `${STREAM}@2`]);
  });

  test('are not answered from memory where the stream has moved on', async () => {
    const { handle, appendBeside } = handlerFixture();
    right(await handle('count', by(1)));
    right(await handle('close'));
    await appendBeside();
    const repeated = right(await handle('close'));
    assert.equal([repeated.events.length, repeated.version, repeated.position], [0, 3, 3]);
  });

  test('give up where the stream changes under every attempt, and say how often they tried', async () => {
    const intrude = (append: EventStore['append'], store: EventStore): EventStore['append'] => {
      return (what) => async () => {
        const events = [{ type: 'ContributionListener', schemaVersion: 1, data: by(1) }];
        const { metadata } = what;
        right(await store.append({ streams: [{ stream: STREAM, expectedVersion: 'any', events }], metadata })());
        return append(what)();
      };
    };
    const { handle, traffic } = handlerFixture(intrude);
    const changed = { _tag: 'ConcurrentChange', stream: STREAM, attempts: 8 };
    assert.equal(failure(await handle('count', by(1))), changed);
    assert.is(traffic.appends, 8);
  });

  test('hear of an overloaded store', async () => {
    const { handle } = handlerFixture(() => () => () => Promise.resolve(E.left({ _tag: 'StoreOverloaded' } as const)));
    assert.equal(failure(await handle('count', by(1))), { _tag: 'StoreOverloaded' });
  });
});

spec('remembered states', ({ test }) => {
  test('spare the reading of the stream', async () => {
    const { handle, traffic } = handlerFixture();
    for (let index = 0; index < 5; index += 1) right(await handle('count', by(1)));
    assert.is(traffic.streamReads, 1);
  });

  test('are not moved on by an append that failed', async () => {
    let failing = false;
    const { handle } = handlerFixture(
      (append) => (what) =>
        failing ? () => Promise.resolve(E.left({ _tag: 'StoreUnavailable', reason: 'disk full' })) : append(what),
    );
    right(await handle('count', by(400)));
    failing = true;
    assert.is(failure(await handle('count', by(400)))._tag, 'StoreUnavailable');
    failing = false;
    assert.is(right(await handle('count', by(600))).version, 2);
  });
});

spec('what cannot be handled', ({ test }) => {
  const unreadable: ReadonlyArray<[string, unknown, number, string]> = [
    ['ContributionListener', { by: 'many' }, 1, '/by'],
    ['Forgotten', {}, 1, "no contract is named 'Forgotten'"],
    ['ContributionListener', { by: 1 }, 3, 'schema version 3'],
  ];
  for (const [type, data, schemaVersion, reason] of unreadable) {
    test(`a stream with an unreadable event says which, and why: ${reason}`, async () => {
      const { handle, appendBeside } = handlerFixture();
      await appendBeside();
      await appendBeside(type, data, schemaVersion);
      const answer = failure(await handle('count', by(1)));
      assert.ok(answer._tag === 'UnreadableStream');
      assert.equal([answer.stream, answer.eventId], [STREAM, `${STREAM}@2`]);
      assert.ok(answer.reason.includes(reason), answer.reason);
    });
  }

  for (const how of ['throwing', 'breaking the contract', 'inventing an event']) {
    test(`an aggregate that is ${how} fails that command alone: nothing is stored, the stream and the key stay free`, async () => {
      const { handle, store } = handlerFixture();
      right(await handle('count', by(1)));
      const [broken, next] = await Promise.allSettled([
        handle('misbehave', { by: how }, keyed('key-1')),
        handle('count', by(1)),
      ]);
      assert.ok(broken.status === 'rejected');
      assert.is(broken.reason instanceof EventBreaksContract, how !== 'throwing');
      assert.ok(next.status === 'fulfilled' && E.isRight(next.value));
      assert.is(right(await handle('count', by(1), keyed('key-1'))).version, 3);
      assert.is(right(await store.lastPosition()()), 3);
    });
  }
});
